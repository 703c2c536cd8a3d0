# version.tcl: which Tcl this is.
puts [info patchlevel]
