# frozen_string_literal: true

module PolyShm
  # A named segment of shared memory: bytes that every process sees which attaches to the name.
  #
  # Offsets and lengths are in bytes and count from 0; none may be negative. A segment lives until it is unlinked, whoever exits:
  # the garbage collector closes, and never unlinks.
  class SharedMemory
    include Facade
    include Named
    extend Facade
    extend Named::Verbs
    extend PolyShm

    class << self
      # Creates a segment of zero bytes; without a name it is given one. `exclusive: false` takes an existing one, as open does.
      #
      # create, attach and open lend the segment to a block, if there is one, return what the block does, and close the segment;
      # with `unlink: true` they remove its name, too.
      def create(name = nil, size: PolyShm.page_size, mode: 0o600, exclusive: true, any_owner: false, unlink: false, **unknown,
                 &block)
        refuse_unknown(unknown, :create)
        lend(unlink, block) { exclusive ? segment_create(name, size, mode) : segment_open(name, size, mode, flags(any_owner)) }
      end

      # Attaches to an existing segment. timeout: seconds to wait for the name to appear, nil for ever.
      def attach(name, readonly: false, any_owner: false, timeout: 0, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :attach)
        lend(unlink, block) { segment_attach(name, flags(any_owner, readonly), timeout) }
      end

      # Attaches if the name exists, else creates it.
      def open(name, size: PolyShm.page_size, mode: 0o600, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :open)
        lend(unlink, block) { segment_open(name, size, mode, flags(any_owner)) }
      end

      # CPython's constructor; the name may be given by position, too.
      def new(position = nil, name: position, create: false, size: 0, **unknown)
        refuse_unknown(unknown, :new)
        create ? self.create(name, size: size) : attach(name)
      end
    end

    wrap_core :close, :read, :fill, :copy, :view, :lock
    private :new_buffer

    # Gives the memory back. Idempotent; later calls raise ClosedError.
    def close
      @buffer&.free
      core_close
    end

    def read(offset = 0, length = nil)
      core_read(offset, rest(length, offset, size))
    end

    def fill(byte = 0, offset = 0, length = nil)
      core_fill(byte, offset, rest(length, offset, size))
    end

    # Copies bytes from another segment, or within this one; the arguments are IO::Buffer#copy's.
    def copy(source, offset = 0, length = nil, source_offset = 0)
      source_size = SharedMemory === source ? source.size : 0
      core_copy(source, offset, rest(length, source_offset, source_size), source_offset)
    end

    # A window on count elements of a dtype, as :float64, from byte offset on.
    def view(dtype, offset: 0, count: nil, **unknown)
      refuse_unknown(unknown, :view)
      core_view(dtype, offset, nil.equal?(count) ? -1 : count)
    end

    # shm[offset, length] and shm[range]
    def [](offset, length = nil)
      core_read(*place(offset, length))
    end

    # shm[offset, length] = bytes and shm[range] = bytes: as many as there is place for.
    def []=(offset, length = nil, bytes)
      offset, length = place(offset, length)
      if String === bytes && bytes.bytesize != length
        refuse("[]=: #{bytes.bytesize} bytes were given for #{length}; write takes as many as come")
      end
      write(offset, bytes)
    end

    # The lock that goes with the segment, "<name>.lock": made at the first call, and from then on the same object.
    def lock
      @lock = core_lock if closed? || !@lock || @lock.closed?
      @lock
    end

    # The segment's own bytes as an IO::Buffer, without a copy. It is the same one until the segment grows, and is freed by
    # close, or by the next call after it grew.
    def buffer
      return @buffer if @buffer && !@buffer.null? && @buffer.size == size

      @buffer&.free
      @buffer = guard(new_buffer)
    end

    def inspect
      describe("size=#{size}")
    end
    alias to_s inspect

    private

    def place(offset, length)
      return [offset, length] unless Range === offset

      first = offset.begin || 0
      last = offset.end
      return [first, rest(last, first, size)] unless Integer === first && Integer === last

      [first, last - first + (offset.exclude_end? ? 0 : 1)]
    end

    # A buffer that is transferred would lose its segment, and Ruby 3.1's slices of a read-only one can be written to: a crash.
    def guard(buffer)
      buffer.extend(BufferGuard) if BufferGuard.needed?(buffer)
      buffer.singleton_class.undef_method(:transfer)
      buffer.singleton_class.undef_method(:slice) if buffer.readonly? && !buffer.slice(0, 1).readonly?
      buffer
    end
  end
end
