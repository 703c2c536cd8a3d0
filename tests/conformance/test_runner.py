"""What the runner must find: a driver whose answers are written down is run through small lists of cases."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

# Answers each statement from ANSWERS, and else nil; `leave NAME` makes a file, `die` and `hang` do so.
DRIVER = r"""
import os, sys, time
print(READY, flush=True)
for line in map(str.strip, sys.stdin):
    if line.startswith("X.leave"):
        open("/dev/shm/" + line.split('"')[1], "x").close()
    elif line == "X.die":
        os._exit(3)
    elif line == "X.hang":
        time.sleep(60)
    print(ANSWERS.get(line, "nil"), flush=True)
sys.exit(STATUS)
"""


class Runner(unittest.TestCase):
    def run_cases(self, cases, answers=None, ready="ready stub stub1.0", status=0, seconds=60):
        """The exit status and the lines that a run prints, without its last one."""
        constants = f"READY, ANSWERS, STATUS = {ready!r}, {answers or {}!r}, {status!r}\n"
        with tempfile.NamedTemporaryFile("w", suffix=".cases") as file:
            file.write(cases)
            file.flush()
            driver = [sys.executable, "-c", constants + DRIVER]
            done = subprocess.run([sys.executable, "-B", f"{HERE}/runner.py", file.name, "--", *driver], capture_output=True,
                                  text=True, timeout=120, env={**os.environ, "POLYSHM_ANSWER_SECONDS": str(seconds)})
        return done.returncode, done.stdout.splitlines()[:-1] or [done.stderr.strip()]

    def assertPasses(self, cases, answers=None, **options):
        self.assertEqual(self.run_cases(cases, answers, **options), (0, ["ok one"]))

    def assertFails(self, words, cases, answers=None, **options):
        code, lines = self.run_cases(cases, answers, **options)
        self.assertNotEqual(code, 0)
        self.assertIn(words, lines[0])
        self.assertTrue(lines[0].startswith("not ok"), lines)

    def test_what_is_as_expected(self):
        answers = {"X.number": "42", "X.float": "0.5", "X.nan": "nan", "X.text": '"a\\x0ab"', "X.list": '[1 "a" nil true]',
                   "X.new": "object", "X.fail": 'error EEXIST "it is there"', "X.bytes": 'b"\\xff"'}
        self.assertPasses('case one\n  X.number -> 42\n  X.float -> 0.5\n  X.nan -> nan\n  X.text -> "a\\nb"\n  a = X.new -> object\n'
                          '  X.list -> [1 "a" nil true]\n  X.fail -> error EEXIST "is there"\n  X.fail -> error EEXIST\n'
                          '  X.bytes -> "\\xff"\n  X.other\n  sh "exit 0"\n  polyshm.names -> []\n',
                          {**answers, "a = X.new": "object", "polyshm.names": '["somebody-elses"]'})

    def test_wrong_values(self):
        for expected, answer in [("42", "43"), ("42", "42.0"), ("0.5", "nan"), ('"a"', '"b"'), ('"1"', "1"), ("[1 2]", "[1]"),
                                 ("[1]", "[2]"), ("nil", "false"), ("true", "1"), ("object", "nil"), ("1", "object"),
                                 ("nil", 'other "a"')]:
            with self.subTest(expected=expected, answer=answer):
                self.assertFails("line 2", f"case one\n  X.get -> {expected}\n", {"X.get": answer})

    def test_what_is_told_apart(self):
        doubles = dict(ready="ready stub stub1.0 integers=53")
        self.assertPasses("case one\n  X.get -> 42.0\n", {"X.get": "42"}, **doubles)
        self.assertFails("43", "case one\n  X.get -> 42.0\n", {"X.get": "43"}, **doubles)
        self.assertFails("true", "case one\n  X.get -> 1\n", {"X.get": "true"}, **doubles)
        # The items of lists are exactly text or bytes.
        cases = 'case one\n  l = ShareableList.create "$P" ["a"]\n  l.get 0 -> "a"\n'
        self.assertPasses(cases, {"l.get 0": '"a"'})
        self.assertFails('b"a"', cases, {"l.get 0": 'b"a"'})

    def test_wrong_errors(self):
        answers = {"X.get": 'error ENOENT "there is none"'}
        self.assertFails("ENOENT: there is none, but EEXIST", "case one\n  X.get -> error EEXIST\n", answers)
        self.assertFails("does not say 'some'", 'case one\n  X.get -> error ENOENT "some"\n', answers)
        self.assertFails("ENOENT", "case one\n  X.get\n", answers)
        self.assertFails("ENOENT", "case one\n  X.get -> 1\n", answers)
        self.assertFails("error ENOENT was expected", "case one\n  X.get -> error ENOENT\n")
        self.assertFails("broken: oh", "case one\n  X.get -> error ENOENT\n", {"X.get": 'broken "oh"'})
        self.assertFails("broken: oh", "case one\n  X.get\n", {"X.get": 'broken "oh"'})

    def test_a_name_that_is_left(self):
        for name in ("$P.a", "sem.$P"):
            self.assertFails("left in /dev/shm", f'case one\n  X.leave "{name}"\n')
        code, lines = self.run_cases('case one\n  X.leave "$P.a"\ncase two\n  X.get\n')
        self.assertEqual((code, lines[1]), (1, "ok two"))  # it was removed

    def test_names_that_should_not_be(self):
        self.assertFails("polyshm-cases", 'case one\n  X.leave "$P"\n  polyshm.names -> ["$P" "$P.a"]\n  sh "rm /dev/shm/$P"\n',
                         {"polyshm.names": '["polyshm-cases-1"]'})

    def test_a_driver_that_dies_or_hangs(self):
        for verb, words in {"die": "ended with 3", "hang": "not answered in 2 s"}.items():
            code, lines = self.run_cases(f"case one\n  X.get\n  X.{verb}\ncase two\n  X.get\n", seconds=2)
            self.assertEqual((code, lines[1]), (1, "ok two"))  # by another driver
            self.assertIn("not ok one: line 3: the driver", lines[0])
            self.assertIn(words, lines[0])

    def test_a_driver_that_ends_badly(self):
        code, lines = self.run_cases("case one\n  X.get\n", status=99)
        self.assertEqual((code, lines), (1, ["ok one", "not ok: the driver ended with 99"]))

    def test_a_driver_that_is_none(self):
        self.assertFails("does not begin with", "case one\n  X.get\n", ready="hello")
        self.assertFails("no token", "case one\n  X.get -> 1\n", {"X.get": ""})
        self.assertFails("more than it was asked for", "case one\n  X.get\n", {"X.get": "nil\nnil"})
        self.assertFails("forget: ", "case one\n  X.get\n", {"forget": 'broken "oh"'})

    def test_a_command_that_fails(self):
        self.assertFails("ended with 7", 'case one\n  sh "exit 7"\n')

    def test_cases_that_are_none(self):
        self.assertFails("no statement", "case one\n  what is this\n")
        self.assertFails("unknown escape", 'case one\n  X.get -> "\\q"\n')
        self.assertFails("unknown escape", 'case one\n  X.get "\\r"\n')
        self.assertFails("no case has begun", "  X.get\n")
        self.assertNotEqual(self.run_cases("")[0], 0)  # nothing passed

    def test_skipped(self):
        for languages in ("stub", "c stub1.0"):
            code, lines = self.run_cases(f"case one, not in {languages}: it has none\n  X.die\ncase two\n  X.get\n")
            self.assertEqual((code, lines), (0, ["skip one: it has none", "ok two"]))
        self.assertPasses("case one, not in c stub2.0: it has none\n  X.get\n")


unittest.main()
