"""inherit.py: what the verbs of a class that inherits make is of that class."""
import polyshm
from support import Scratch, main

KINDS = (polyshm.SharedMemory, polyshm.ShareableList, polyshm.Lock, polyshm.Semaphore, polyshm.Event)


def contents(kind):
    return ([1, 2],) if issubclass(kind, polyshm.ShareableList) else ()


class InheritTest(Scratch):
    def test_every_verb_of_every_class(self):
        for kind in KINDS:
            mine = type("Mine", (kind,), {"extra": lambda self: self.name})
            made = self.make(mine, *contents(mine))
            things = [made, mine.attach(made.name), mine.open(made.name, *contents(mine)), mine(name=made.name)]
            for thing in things:
                self.assertIs(mine, type(thing))
                self.assertEqual(made.name, thing.extra())
                thing.note = "kept"
            self.assertEqual(f"Mine(", repr(made)[:5])

    def test_an_init_of_its_own(self):
        class Array(polyshm.SharedMemory):
            def __init__(self, name, count, **options):
                super().__init__(name=name, create=True, size=8 * count, **options)
                self.values = self.view("float64")

        name = self.fresh()
        self.addCleanup(self.remove, name)
        array = Array(name, 4, mode=0o640)
        self.assertEqual((32, 4), (array.size, len(array.values)))
        self.assertEqual(0o640, next(segment.mode for segment in polyshm.segments() if segment.name == name))

    def test_init_is_called_by_the_constructor_alone(self):
        class Counts(polyshm.Lock):
            calls = 0

            def __init__(self, *arguments, **options):
                Counts.calls += 1
                super().__init__(*arguments, **options)

        made = self.make(Counts)
        self.assertEqual(0, Counts.calls)
        Counts(made.name)
        self.assertEqual(1, Counts.calls)

    def test_methods_can_be_overridden_and_reached(self):
        class Logged(polyshm.ShareableList):
            def __getitem__(self, place):
                return ("read", super().__getitem__(place))

            def __setitem__(self, place, value):
                super().__setitem__(place, value + 1)

        items = self.make(Logged, [1, 2])
        items[0] = 5
        self.assertEqual(("read", 6), items[0])

    def test_slots_and_several_bases(self):
        class Other:
            def whose(self):
                return f"{self.name}'s"

        class Slim(Other, polyshm.Event):
            __slots__ = ("more",)

        slim = self.make(Slim)
        slim.more = 1
        self.assertEqual(f"{slim.name}'s", slim.whose())


main()
