# version.py: which Python this is.
import sys

print(f"Python {sys.version.split()[0]}")
