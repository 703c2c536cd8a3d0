# frozen_string_literal: true

module PolyShm
  # CPython's ShareableList: a list of fixed length whose items are Integers, Floats, true, false, nil and Strings. A String in
  # ASCII-8BIT is Python's bytes; any other is text, and is read back in UTF-8.
  #
  # Indexes count from 0, or from the end: -1 is the last item. Each item has a slot whose size never changes, so text can only be
  # replaced by text that fits; `reserve` makes larger slots.
  class ShareableList
    SHOWN = 10 # items, by inspect
    private_constant :SHOWN

    class << self
      # CPython's constructor: a sequence makes a list, a name alone attaches to one.
      def new(position = nil, sequence: position, name: nil, **unknown)
        refuse_unknown(unknown, :new)
        nil.equal?(sequence) && name ? attach(name) : create(name, nil.equal?(sequence) ? [] : sequence)
      end
    end

    alias size length
    %i[count index format].each do |verb|
      alias_method :"core_#{verb}", verb
      private :"core_#{verb}"
      remove_method verb
    end
    remove_method :shm, :close # the core's know of one handle each, and none of an IO::Buffer

    # The SharedMemory under the list, always the same object; who closes one, closes the other.
    attr_reader :shm

    # Gives the memory back. Idempotent; later calls raise ClosedError. The name stays.
    def close
      shm.close
    end

    # How many items equal a value: numbers by their value, all else by kind and content, so text is never bytes. Without a value
    # it is Enumerable's.
    def count(*value, &block)
      value.empty? ? super : core_count(*value)
    end

    # The index of the first item that equals a value, or of the first for which the block is true; nil if there is none.
    def index(*value, &block)
      return find_index(&block) if value.empty?

      found = core_index(*value)
      found unless found.negative?
    end

    # An item's format, in the words of Python's struct module, or those of all items.
    def format(index = nil)
      return core_format(index) unless nil.equal?(index)

      Array.new(length) { |each| core_format(each) }.join
    end

    # As CPython writes it; of a long list, the beginning.
    def inspect
      items = Array.new(closed? ? 0 : [length, SHOWN].min) { |index| inspect_item(index) }
      items << "..." if items.size < length
      "ShareableList([#{items.join(", ")}], name='#{name.inspect[1..-2]}'#{", closed" if closed?})"
    end
    alias to_s inspect

    private

    def inspect_item(index)
      get(index).inspect
    rescue CorruptError
      "corrupt"
    end
  end
end
