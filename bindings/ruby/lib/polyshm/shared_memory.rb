# frozen_string_literal: true

module PolyShm
  # A named segment of shared memory: bytes that every process sees which attaches to the name.
  #
  # Offsets and lengths are in bytes and count from 0; none may be negative. A segment lives until it is unlinked, whoever exits:
  # the garbage collector closes, and never unlinks.
  class SharedMemory
    class << self
      # CPython's constructor; the name may be given by position, too.
      def new(position = nil, name: position, create: false, size: 0, **unknown)
        refuse_unknown(unknown, :new)
        create ? self.create(name, size: size) : attach(name)
      end
    end

    alias core_close close
    alias core_view view
    private :core_close, :core_view, :new_buffer
    remove_method :close, :view

    # Gives the memory back. Idempotent; later calls raise ClosedError.
    def close
      @buffer&.free
      core_close
    end

    # A window on count elements of a dtype, as :float64, from byte offset on.
    def view(dtype, offset: 0, count: nil, **unknown)
      refuse_unknown(unknown, :view)
      core_view(dtype, offset, count)
    end

    # shm[offset, length] and shm[range]
    def [](offset, length = nil)
      read(*place(offset, length))
    end

    # shm[offset, length] = bytes and shm[range] = bytes: as many as there is place for.
    def []=(offset, length = nil, bytes)
      offset, length = place(offset, length)
      if String === bytes && bytes.bytesize != length
        refuse("[]=: #{bytes.bytesize} bytes were given for #{length}; write takes as many as come")
      end
      write(offset, bytes)
    end

    # The segment's own bytes as an IO::Buffer, without a copy. It is the same one until the segment grows, and is freed by
    # close, or by the next call after it grew.
    def buffer
      return @buffer if @buffer && !@buffer.null? && @buffer.size == size

      @buffer&.free
      @buffer = guard(new_buffer)
    end

    private

    def place(offset, length)
      unless Range === offset
        refuse("[]: a length is needed behind the offset", TypeError, "TYPE") if nil.equal?(length)
        return [offset, length]
      end

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
