# frozen_string_literal: true

module PolyShm
  # Mutual exclusion between processes, which survives a killed owner: the next one to lock is told by :recovered.
  #
  # A thread owns it through a handle, and it is not re-entrant. It stays dirty after a death, and each lock is :recovered, until
  # an owner says `repaired`. Closing a handle that owns it, its collection by the garbage collector, and exec count as a death.
  class Lock
    include Primitive
    extend Primitive::Verbs

    class << self
      undef_method :new

      private

      alias core_create lock_create
      alias core_attach lock_attach
      alias core_open lock_open
    end

    # As lock(0): does not wait.
    def try_lock
      lock(0)
    end
  end
end
