# frozen_string_literal: true

module PolyShm
  # A Thread that ends while it owns a lock is dead for it, however it ends. Before 3.2 Ruby does not tell of those that are killed or
  # raise, so every Thread that is made from now on tells of its end itself. Nothing else about it changes, but that inspect does
  # not say where its block stands.
  module ThreadEnd
    # Thread.new, also of classes derived from it.
    module Initialize
      def initialize(*arguments, **options, &block)
        super(*arguments, **options, &(block && PolyShm.send(:ending, block)))
      end
    end

    # Thread.start and Thread.fork, which do without initialize.
    module Start
      def start(*arguments, **options, &block)
        super(*arguments, **options, &(block && PolyShm.send(:ending, block)))
      end

      def fork(*arguments, **options, &block)
        super(*arguments, **options, &(block && PolyShm.send(:ending, block)))
      end
    end
  end
  private_constant :ThreadEnd, :HEARS_OF_ENDS
  private_class_method :ending

  unless HEARS_OF_ENDS
    Thread.prepend(ThreadEnd::Initialize)
    Thread.singleton_class.prepend(ThreadEnd::Start)
  end
end
