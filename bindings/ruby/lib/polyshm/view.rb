# frozen_string_literal: true

module PolyShm
  # A typed window on a segment: SharedMemory#view makes it. Indexes count from 0; none may be negative.
  #
  # A view keeps its segment's object, not its memory: after the segment's close, its calls raise ClosedError.
  class View
    alias size count
    alias length count
    alias core_fill fill
    private :core_fill
    remove_method :count, :fill

    # Without arguments the number of elements, else Enumerable's count.
    def count(*item, &block)
      item.empty? && !block ? size : super
    end

    def fill(number, index = 0, count = nil)
      core_fill(number, index, count)
      self
    end

    def inspect
      "View('#{dtype}', count=#{size}, offset=#{offset}#{", closed" if closed?})"
    end
    alias to_s inspect
  end
end
