# frozen_string_literal: true

module PolyShm
  # A fixed number of permits, which come back when their holder dies.
  #
  # Permits belong to the handle, so any thread may release what another has acquired through it. Its close, or collection by the
  # garbage collector, gives them back.
  class Semaphore
    include Primitive
    extend Primitive::Verbs

    class << self
      undef_method :new

      # As Lock.create, with `count` free permits.
      def create(name = nil, count: 1, mode: 0o600, exclusive: true, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :create)
        lend(unlink, block) do
          exclusive ? semaphore_create(name, count, mode) : semaphore_open(name, count, mode, flags(any_owner))
        end
      end

      # Attaches if the name exists, else creates it; an existing one keeps its own count.
      def open(name, count: 1, mode: 0o600, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :open)
        lend(unlink, block) { semaphore_open(name, count, mode, flags(any_owner)) }
      end

      private

      alias core_attach semaphore_attach
    end

    # As acquire(0): does not wait.
    def try_acquire
      acquire(0)
    end

    def inspect
      describe("count=#{count}")
    end
  end
end
