# frozen_string_literal: true

module PolyShm
  # What the module tells of one of its classes. FACTS has a row for each fact: the core's type, the fact, a word and a number.
  class Facts
    attr_reader :type, :options

    def initialize(type, rows)
      @type = type
      @words = Hash.new { |words, fact| words[fact] = [] }
      rows.each { |_, fact, word| @words[fact] << word }
      @options = rows.filter_map { |_, fact, word, number| [word, number] if fact == :option }.to_h.freeze
    end

    def all(fact)
      @words[fact]
    end

    def one(fact)
      @words[fact].first
    end

    def has?(fact)
      @words.key?(fact)
    end

    # The class with what its facts ask for: questions with their mark, and the modules that share methods.
    def dress(klass)
      all(:question).each do |question|
        klass.alias_method(:"#{question.name.delete_prefix("is_")}?", question)
        klass.remove_method(question)
      end
      klass.include(Facade)
      klass.extend(Facade, PolyShm)
      klass.singleton_class.undef_method(:new) if klass.singleton_class.method_defined?(:new)
      dress_named(klass) if has?(:named)
      dress_held(klass) if has?(:take)
      klass.include(Sequence) if has?(:sequence)
      klass.prepend(Kept.new(one(:keeps))) if has?(:keeps)
    end

    private

    def dress_named(klass)
      klass.include(Named)
      klass.extend(Named::Verbs)
      klass.instance_variable_set(:@facts, self)
    end

    def dress_held(klass)
      take = one(:take)
      klass.define_method(:synchronize, Held.instance_method(:synchronize))
      klass.define_method(:"try_#{take}") { public_send(take, 0) } # does not wait
    end
  end

  # An attribute that is the same object at each call, until one of the two is closed.
  class Kept < Module
    def initialize(attribute)
      super()
      variable = :"@#{attribute}"
      define_method(attribute) do
        kept = instance_variable_get(variable)
        kept = instance_variable_set(variable, super()) if closed? || !kept || kept.closed?
        kept
      end
    end
  end

  # Documentation of the classes that need no Ruby of their own:
  #
  # Lock: mutual exclusion between processes, which survives a killed owner: the next one to lock is told by :recovered. A thread owns
  # it through a handle, and it is not re-entrant. It stays dirty after a death, and each lock is :recovered, until an owner says
  # `repaired`. Closing a handle that owns it, its collection by the garbage collector, and exec count as a death.
  #
  # Semaphore: a fixed number of permits, which come back when their holder dies. Permits belong to the handle, so any thread may
  # release what another has acquired through it. Its close, or collection by the garbage collector, gives them back.
  #
  # Event: a flag that processes wait for. Nobody owns it, so nobody's death matters to it.
  FACTS.group_by(&:first).each do |type, rows|
    facts = Facts.new(type, rows)
    facts.dress(const_get(facts.one(:class)))
  end
  private_constant :Facts, :Kept
end
