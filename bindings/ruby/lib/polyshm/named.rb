# frozen_string_literal: true

module PolyShm
  # The classes whose objects have a name in the system share this.
  module Named
    # The class itself has these methods.
    module Verbs
      # Removes a name, whatever it means; those who are attached keep their memory.
      def unlink(name)
        segment_unlink_name(name)
      end

      private

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

    private

    # As CPython writes it.
    def describe(*details)
      details.unshift("'#{name.inspect[1..-2]}'")
      details << "closed" if closed?
      "#{self.class.ancestors.find(&:name).name.split("::").last}(#{details.join(", ")})"
    end

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
