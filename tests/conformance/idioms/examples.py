"""examples.py: the examples that start processes work under fork and under spawn."""
import pathlib
import subprocess
import sys

from support import Scratch, main

EXAMPLES = pathlib.Path(__file__).parents[3] / "bindings" / "python" / "examples"


class ExamplesTest(Scratch):
    def test_each_by_fork_and_by_spawn(self):
        for example in sorted(EXAMPLES.glob("*.py")):
            expected = example.read_text().partition("# output:\n")[2].replace("# ", "")
            for method in ("fork", "spawn"):
                with self.subTest(f"{example.name} {method}"):
                    done = subprocess.run([sys.executable, "-B", example, method], capture_output=True, text=True, timeout=60)
                    if "No module named 'numpy'" in done.stderr:
                        self.skipTest("this Python has no numpy")
                    self.assertEqual((expected, 0), (done.stdout, done.returncode), done.stderr)


main()
