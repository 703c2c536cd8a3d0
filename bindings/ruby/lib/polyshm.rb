# frozen_string_literal: true

# Named shared memory: one segment for Ruby, Lua, Tcl, C and CPython. bindings/ruby/README.md is the manual.
module PolyShm
end

require "polyshm/core" # SWIG's half: the calls themselves, without keywords and blocks

module PolyShm
  VERSION = version.freeze

  # One name of those in the system: two Strings, bytes, permission bits, user id.
  SegmentInfo = Struct.new(:name, :kind, :size, :mode, :owner)

  # Every name there is, of all users, in no order.
  def self.segments
    each_segment.map { |fields| SegmentInfo.new(*fields) }
  end

  # Names another directory than /dev/shm, before the first use of a name.
  def self.directory=(path)
    set_directory(path)
  end

  # The core's functions are for the classes, which have them by `extend PolyShm`.
  OPEN_TO_ALL = %i[version page_size directory directory= segments].freeze
  private_class_method(*(singleton_methods(false) - OPEN_TO_ALL))
  private_constant :OPEN_TO_ALL, :FLAG_READONLY, :FLAG_ANY_OWNER, :FACTS, :Held

  # The classes share these methods.
  module Facade
    private

    # A fault that is found on this side of the core.
    def refuse(words, type = ArgumentError, code = "ARGUMENT")
      error = type.new(words).extend(Error)
      error.instance_variable_set(:@code, code)
      raise error
    end

    # Ruby's own refusal of an unknown keyword would not name the known ones.
    def refuse_unknown(unknown, verb, known = method(verb).parameters.filter_map { |kind, name| name if kind == :key })
      return if unknown.empty?

      refuse("#{verb}: there is no option #{unknown.first.first.inspect}; the options are #{known.join(", ")}")
    end

    # A length that was left out is the rest. What is no number here, the core refuses.
    def rest(length, offset, size)
      return length unless nil.equal?(length)

      Integer === offset ? [size - offset, 0].max : 0
    end
  end
  private_constant :Facade
end

require "polyshm/thread_end"
require "polyshm/buffer_guard"
require "polyshm/named"
require "polyshm/sequence"
require "polyshm/classes"
require "polyshm/shared_memory"
require "polyshm/view"
require "polyshm/shareable_list"
