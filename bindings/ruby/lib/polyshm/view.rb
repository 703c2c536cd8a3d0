# frozen_string_literal: true

module PolyShm
  # A typed window on a segment: SharedMemory#view makes it. Indexes count from 0; none may be negative.
  #
  # A view keeps its segment's object, not its memory: after the segment's close, its calls raise ClosedError.
  class View
    include Facade
    extend Facade
    include Sequence

    class << self
      undef_method :new
    end

    alias [] get
    alias []= set
    alias size count
    alias length count
    wrap_core :count, :values, :assign, :fill, :notify

    # Without arguments the number of elements, else Enumerable's count.
    def count(*item, &block)
      item.empty? && !block ? size : super
    end

    def fill(number, index = 0, count = nil)
      core_fill(number, index, rest(count, index, size))
      self
    end

    # Wakes those that wait for an element, or so many of them at most; returns how many.
    def notify(index, count = nil)
      core_notify(index, nil.equal?(count) ? -1 : count)
    end

    def inspect
      "View('#{dtype}', count=#{size}, offset=#{offset}#{", closed" if closed?})"
    end
    alias to_s inspect
  end
end
