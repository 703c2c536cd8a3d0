# frozen_string_literal: true

module PolyShm
  # CPython's ShareableList: a list of fixed length whose items are Integers, Floats, true, false, nil and Strings. A String in
  # ASCII-8BIT is Python's bytes; any other is text, and is read back in UTF-8.
  #
  # Indexes count from 0, or from the end: -1 is the last item. Each item has a slot whose size never changes, so text can only be
  # replaced by text that fits; `reserve` makes larger slots.
  class ShareableList
    include Facade
    include Named
    include Sequence
    extend Facade
    extend Named::Verbs
    extend PolyShm

    SHOWN = 10 # items, by inspect
    private_constant :SHOWN

    class << self
      # Creates a list of an Array's values; with nil for a name it is given one. reserve: the least number of bytes of the slots
      # that are made for text, or an Array with one for each slot. Blocks and `unlink` as SharedMemory.create has them.
      def create(name, values, reserve: nil, mode: 0o600, exclusive: true, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :create)
        lend(unlink, block) do
          exclusive ? list_create(name, values, reserve, mode) : list_open(name, values, reserve, mode, flags(any_owner))
        end
      end

      # Attaches to an existing list. timeout: seconds to wait for the name to appear, nil for ever.
      def attach(name, readonly: false, any_owner: false, timeout: 0, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :attach)
        lend(unlink, block) { list_attach(name, flags(any_owner, readonly), timeout) }
      end

      # Attaches if the name exists, else creates it with these values.
      def open(name, values, reserve: nil, mode: 0o600, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :open)
        lend(unlink, block) { list_open(name, values, reserve, mode, flags(any_owner)) }
      end

      # CPython's constructor: a sequence makes a list, a name alone attaches to one.
      def new(position = nil, sequence: position, name: nil, **unknown)
        refuse_unknown(unknown, :new)
        nil.equal?(sequence) && name ? attach(name) : create(name, nil.equal?(sequence) ? [] : sequence)
      end
    end

    alias [] get
    alias []= set
    alias size length
    wrap_core :count, :index, :values, :assign, :format
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
