# frozen_string_literal: true

module PolyShm
  # Views and lists share this: their elements stand in a row, at fixed places.
  module Sequence
    include Enumerable

    # Each element as it is when its turn comes.
    def each
      return enum_for(:each) { size } unless block_given?

      size.times { |index| yield get(index) }
      self
    end

    # The elements as an Array, in one call.
    def to_a(index = 0, count = nil)
      core_values(index, rest(count, index, size))
    end
    alias entries to_a

    # Writes an Array's values from index on, all or none.
    def replace(values, index = 0)
      core_assign(index, values)
      self
    end
  end
  private_constant :Sequence
end
