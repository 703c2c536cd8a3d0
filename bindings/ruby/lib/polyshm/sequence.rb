# frozen_string_literal: true

module PolyShm
  # Views and lists share this: their elements stand in a row, at fixed places.
  module Sequence
    include Enumerable

    def self.included(klass)
      klass.alias_method(:[], :get)
      klass.alias_method(:[]=, :set)
      klass.alias_method(:to_a, :values) # the elements as an Array, in one call
      klass.alias_method(:entries, :values)
      klass.alias_method(:core_assign, :assign)
      klass.send(:private, :core_assign)
      %i[values assign].each { |core| klass.remove_method(core) }
    end

    # Each element as it is when its turn comes.
    def each
      return enum_for(:each) { size } unless block_given?

      size.times { |index| yield get(index) }
      self
    end

    # Writes an Array's values from index on, all or none.
    def replace(values, index = 0)
      core_assign(values, index)
      self
    end
  end
  private_constant :Sequence
end
