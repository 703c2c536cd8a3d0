"""What the classes share: a class is one of the core's types, and what the facts that the core tells of it ask for."""

from collections.abc import Iterable, Mapping, Set

from . import _core
from ._errors import misuse

_NO_FACTS = {}


def _facts():
    """{type: {fact: {word: number}}} of the rows of FACTS."""
    facts = {}
    for kind, fact, word, number in _core.FACTS:
        facts.setdefault(kind, {}).setdefault(fact, {})[word] = number
    return facts


FACTS = _facts()


def in_order(values):
    """A list or tuple of any iterable's values; numpy's arrays and their like know a faster way."""
    if isinstance(values, (list, tuple)):
        return values
    if not isinstance(values, Iterable) or isinstance(values, (Mapping, Set)):
        raise misuse("TypeError", "TYPE", f"values: a sequence or another iterable with an order is needed, not {type(values).__name__}")
    return values.tolist() if hasattr(values, "tolist") else list(values)


def refuse_unknown(verb, options, known):
    """Python's own refusal of an unknown keyword would not name the known ones."""
    for word in options:
        if word not in known:
            raise misuse("TypeError", "ARGUMENT", f"{verb}: there is no option {word!r}; the options are {', '.join(known)}")


class Named:
    """The classes whose objects have a name in the system."""

    _any_owner = False

    def __init__(self, name=None, create=False, *own, **options):
        """CPython's constructor: attaches to the name, or creates it. It may be called by a class that inherits."""
        known = self._facts.get("option", _NO_FACTS)
        options.update(zip(known, own))
        if create:
            made = self._create(self._core, name, (), **options)
        else:
            made = self._attach(self._core, name, **{word: options[word] for word in options if word not in known})
        self._become(made)
        self._any_owner = bool(options.get("any_owner", False))

    @classmethod
    def create(cls, name=None, *contents, **options):
        """Creates one; without a name it is given one. exclusive=False takes an existing one, as open does."""
        return cls._remember(cls._create(super(), name, contents, **options), options)

    @classmethod
    def attach(cls, name, **options):
        """Attaches to an existing one. timeout: seconds to wait for the name to appear, None for ever."""
        return cls._remember(cls._attach(super(), name, **options), options)

    @classmethod
    def open(cls, name, *contents, **options):
        """Attaches if the name exists, else creates it."""
        return cls._remember(cls._create(super(), name, contents, exclusive=False, **options), options)

    @classmethod
    def _create(cls, core, name, contents, *, mode=0o600, exclusive=True, any_owner=False, **own):
        known = cls._facts.get("option", _NO_FACTS)
        refuse_unknown("create", own, [*known, "mode", "exclusive", "any_owner"])
        own = [own.get(word, default) for word, default in known.items()]
        if exclusive:
            return core.create(name, *map(in_order, contents), *own, mode)
        return core.open(name, *map(in_order, contents), *own, mode, cls._flags_of(any_owner))

    @classmethod
    def _attach(cls, core, name, *, any_owner=False, timeout=0, **own):
        known = ["readonly"] * ("readonly" in cls._facts)
        readonly = bool(known) and own.pop("readonly", False)
        refuse_unknown("attach", own, [*known, "any_owner", "timeout"])
        return core.attach(name, cls._flags_of(any_owner, readonly), timeout)

    @staticmethod
    def _flags_of(any_owner, readonly=False):
        return (_core.FLAG_ANY_OWNER if any_owner else 0) | (_core.FLAG_READONLY if readonly else 0)

    @staticmethod
    def _remember(made, options):
        if options.get("any_owner"):
            made._any_owner = True
        return made

    def __reduce__(self):
        """Pickled by its name: who unpickles attaches."""
        options = {"any_owner": True} if self._any_owner else {}
        if getattr(self, "readonly", False):
            options["readonly"] = True
        return attached, (type(self), self.name, options)

    def __repr__(self):
        own = [f"{word}={getattr(self, word)}" for word in self._facts.get("option", _NO_FACTS) if hasattr(self, word)]
        return f"{type(self).__name__}({', '.join([repr(self.name), *own, *['closed'] * self.closed])})"


def attached(kind, name, options):
    """What a pickled object is read by."""
    return kind.attach(name, **options)


class Sequence:
    """Elements that stand in a row, at fixed places."""

    def tolist(self, index=0, count=None):
        """The elements from index on, or count of them, as a list, in one call."""
        return self.values(index, count)

    def assign(self, values, index=0):
        """Writes the values of an iterable from index on, all or none."""
        super().assign(in_order(values), index)

    def _get_slice(self, key):
        places = range(len(self))[key]
        if places.step == 1:
            return self.values(places.start, len(places))
        return [self[place] for place in places]

    def _set_slice(self, key, values):
        places, values = range(len(self))[key], in_order(values)
        if len(values) != len(places):
            raise misuse("ArgumentError", "ARGUMENT", f"{len(values)} values were given for {len(places)} places")
        if places.step == 1:
            self.assign(values, places.start)
        else:
            for place, value in zip(places, values):
                self[place] = value


def _kept(core, word):
    """An attribute that is the same object each time, until one of the two is closed."""
    fresh = core.__dict__[word].__get__

    def get(self):
        kept = self.__dict__.get(word)
        if kept is None or kept.closed or self.closed:
            kept = self.__dict__[word] = fresh(self)
        return kept

    return property(get, doc=core.__dict__[word].__doc__)


def base(kind):
    """The class that a class of the facade inherits from; `kind` is the core's word for it."""
    facts = FACTS[kind]
    (name,) = facts["class"]
    core = getattr(_core, name)
    shared = [share for fact, share in (("named", Named), ("sequence", Sequence)) if fact in facts]
    members = {word: _kept(core, word) for word in facts.get("keeps", _NO_FACTS)}
    return type(name, (*shared, core), {"__module__": "polyshm", "_facts": facts, "_core": core, **members})
