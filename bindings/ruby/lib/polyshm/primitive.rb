# frozen_string_literal: true

module PolyShm
  # Lock, Semaphore and Event share this: they are named objects that processes of any language coordinate by.
  module Primitive
    include Facade
    include Named

    # Their classes share these methods. A class gives the core's calls as core_create, core_attach and core_open.
    module Verbs
      include Facade
      include Named::Verbs
      include PolyShm

      # Creates one; without a name it is given one. `exclusive: false` takes an existing one, as open does. Blocks and `unlink`
      # as SharedMemory.create has them.
      def create(name = nil, mode: 0o600, exclusive: true, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :create)
        lend(unlink, block) { exclusive ? core_create(name, mode) : core_open(name, mode, flags(any_owner)) }
      end

      # Attaches to an existing one. timeout: seconds to wait for the name to appear, nil for ever.
      def attach(name, any_owner: false, timeout: 0, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :attach)
        lend(unlink, block) { core_attach(name, flags(any_owner), timeout) }
      end

      # Attaches if the name exists, else creates it.
      def open(name, mode: 0o600, any_owner: false, unlink: false, **unknown, &block)
        refuse_unknown(unknown, :open)
        lend(unlink, block) { core_open(name, mode, flags(any_owner)) }
      end
    end

    def inspect
      describe
    end

    def to_s
      inspect
    end
  end
  private_constant :Primitive
end
