# frozen_string_literal: true

module PolyShm
  # Ruby 3.1's IO::Buffer takes a negative offset or length for an enormous one, whose sum with the other wraps around: it then reads
  # and writes before the buffer. Without a length, clear does not look at its offset at all. What extends a buffer here stands
  # before those methods; its slices are guarded as well.
  module BufferGuard
    # Tells which arguments are offsets or lengths in the buffer itself, and which is an offset in another one.
    OWN = { get_value: [1], set_value: [1], get_string: [0, 1], set_string: [1, 2], copy: [1, 2], slice: [0, 1], clear: [1, 2] }.freeze
    OTHER = { set_string: 3, copy: 3 }.freeze

    # By trial, which touches no memory: later Rubies say that an offset cannot be negative.
    def self.needed?(buffer)
      buffer.slice(-1, 1)
    rescue ArgumentError, RangeError
      false
    else
      true
    end

    OWN.each do |method, own|
      define_method(method) do |*arguments|
        own.each { |at| check_place(method, arguments[at], size) }
        check_place(method, arguments[OTHER[method]], Float::INFINITY) if OTHER[method]
        result = super(*arguments)
        IO::Buffer === result ? result.extend(BufferGuard) : result
      end
    end

    private

    def check_place(method, number, most)
      return if nil.equal?(number) || (Integer === number && number >= 0 && number <= most)

      raise ArgumentError, "#{method}: #{number.inspect} is no offset or length in #{size} bytes"
    end
  end
  private_constant :BufferGuard
end
