# frozen_string_literal: true

# Named shared memory: one segment for Ruby, Lua, Tcl, C and CPython. bindings/ruby/README.md is the manual.
module PolyShm
end

require "polyshm/core" # SWIG's half: the calls themselves, without keywords, defaults and blocks

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
  private_class_method :segment_create, :segment_attach, :segment_open, :segment_unlink_name, :each_segment,
                       :list_create, :list_attach, :list_open, :lock_create, :lock_attach, :lock_open,
                       :semaphore_create, :semaphore_attach, :semaphore_open, :event_create, :event_attach, :event_open,
                       :set_directory
  private_constant :FLAG_READONLY, :FLAG_ANY_OWNER

  # The classes share these methods.
  module Facade
    private

    # A fault that is found on this side of the core.
    def refuse(words)
      error = ArgumentError.new(words).extend(Error)
      error.instance_variable_set(:@code, "ARGUMENT")
      raise error
    end

    # Ruby's own refusal of an unknown keyword would not name the known ones.
    def refuse_unknown(unknown, verb)
      return if unknown.empty?

      known = method(verb).parameters.filter_map { |kind, name| name if kind == :key }
      refuse("#{verb}: there is no option #{unknown.first.first.inspect}; the options are #{known.join(", ")}")
    end

    # A length that was left out is the rest. What is no number here, the core refuses.
    def rest(length, offset, size)
      return length unless nil.equal?(length)

      Integer === offset ? [size - offset, 0].max : 0
    end

    # The calls that are given their defaults here: the core's own stay, as private core_read and so on.
    def wrap_core(*verbs)
      verbs.each do |verb|
        alias_method :"core_#{verb}", verb
        private :"core_#{verb}"
        remove_method verb
      end
    end
  end
  private_constant :Facade
end

require "polyshm/thread_end"
require "polyshm/buffer_guard"
require "polyshm/named"
require "polyshm/sequence"
require "polyshm/shared_memory"
require "polyshm/view"
require "polyshm/shareable_list"
require "polyshm/primitive"
require "polyshm/lock"
require "polyshm/semaphore"
require "polyshm/event"
