-- version.lua: which Lua this is.
print(jit and jit.version or _VERSION)
