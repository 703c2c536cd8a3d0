# frozen_string_literal: true

module PolyShm
  # The classes whose objects have a name in the system share this.
  module Named
    # The class itself has these methods. Its facts say which options and contents it has of its own.
    module Verbs
      attr_reader :facts
      private :facts

      # Creates one; without a name it is given one. `exclusive: false` takes an existing one, as open does. A SharedMemory has
      # `size`, a Semaphore `count`, and a ShareableList comes with its values behind the name, and has `reserve`: the least number
      # of bytes of the slots that are made for text, or an Array with one for each slot.
      #
      # create, attach and open lend the object to a block, if there is one, return what the block does, and close the object;
      # with `unlink: true` they remove its name, too.
      def create(name = nil, *contents, mode: 0o600, exclusive: true, any_owner: false, unlink: false, **own, &block)
        words = own_words(:create, contents, own)
        lend(unlink, block) { exclusive ? core(:create, name, *words, mode) : core(:open, name, *words, mode, flags(any_owner)) }
      end

      # Attaches if the name exists, else creates it, with the options of create.
      def open(name, *contents, mode: 0o600, any_owner: false, unlink: false, **own, &block)
        words = own_words(:open, contents, own)
        lend(unlink, block) { core(:open, name, *words, mode, flags(any_owner)) }
      end

      # Attaches to an existing one. timeout: seconds to wait for the name to appear, nil for ever. A SharedMemory and a
      # ShareableList have `readonly`.
      def attach(name, any_owner: false, timeout: 0, unlink: false, **own, &block)
        readonly = own.delete(:readonly) if family.has?(:readonly)
        refuse_unknown(own, :attach, [*(:readonly if family.has?(:readonly)), :any_owner, :timeout, :unlink])
        lend(unlink, block) { core(:attach, name, flags(any_owner, readonly), timeout) }
      end

      # Removes a name, whatever it means; those who are attached keep their memory.
      def unlink(name)
        segment_unlink_name(name)
      end

      private

      # The facts of the class that this one inherits from.
      def family
        facts || superclass.send(:family)
      end

      def core(verb, ...)
        send(:"#{family.type}_#{verb}", ...)
      end

      # What the core wants between name and mode: contents, and the class's own options.
      def own_words(verb, contents, given)
        wanted = family.has?(:contents) ? 1 : 0
        raise ArgumentError, "#{verb}: #{contents.size} values behind the name, and not #{wanted}" if contents.size != wanted

        options = family.options
        shared = method(verb).parameters.filter_map { |kind, name| name if kind == :key }
        refuse_unknown(given.reject { |option, _| options.key?(option) }, verb, options.keys + shared)
        contents + options.map { |option, default| given.fetch(option, default) }
      end

      def flags(any_owner, readonly = false)
        (any_owner ? FLAG_ANY_OWNER : 0) | (readonly ? FLAG_READONLY : 0)
      end

      # Gives the object that is made here to the block, if there is one, and closes it at the block's end.
      def lend(unlink, block)
        refuse("unlink: it is done at the end of a block, and there is none") if unlink && !block
        object = yield
        return object unless block

        begin
          block.call(object)
        ensure
          object.send(:give_back, unlink)
        end
      end
    end

    # As CPython writes it.
    def inspect
      own = self.class.send(:family).options.keys.select { |option| respond_to?(option) }
      words = ["'#{name.inspect[1..-2]}'", *own.map { |option| "#{option}=#{public_send(option)}" }, *("closed" if closed?)]
      "#{self.class.ancestors.find(&:name).name.split("::").last}(#{words.join(", ")})"
    end

    def to_s
      inspect
    end

    private

    def give_back(unlink)
      self.unlink if unlink
    rescue Errno::ENOENT
      # the block has done it already
    ensure
      close
    end
  end
  private_constant :Named
end
