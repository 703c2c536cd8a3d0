# frozen_string_literal: true

module PolyShm
  # A flag that processes wait for. Nobody owns it, so nobody's death matters to it.
  class Event
    include Primitive
    extend Primitive::Verbs

    class << self
      undef_method :new

      private

      alias core_create event_create
      alias core_attach event_attach
      alias core_open event_open
    end
  end
end
