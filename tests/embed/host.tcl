# host.tcl: what host.c calls in Tcl: see host.h.

catch {package require this-looks-for-all-packages} ;# so that `load_polyshm` does little but load

proc load_polyshm {} {package require polyshm}

proc load_anew {} {
  foreach each [info loaded {}] {
    if {[lindex $each 1] eq "Polyshm" && ![catch {unload [lindex $each 0] Polyshm}]} {error "it says that it was unloaded"}
  }
  package forget polyshm
  load_polyshm
}

proc work {} {
  global shm view list lock event
  set shm [polyshm::SharedMemory create -size 4096]
  $shm unlink
  set view [$shm view int32]
  $view set 0 7
  assert {[catch {$shm siz} message] && [string match {bad method*size*write*} $message]} ;# the table of methods is whole
  set list [polyshm::ShareableList create {{int 1} {str two} none}]
  $list unlink
  set lock [polyshm::Lock create]
  $lock unlink
  set event [polyshm::Event create]
  $event unlink
}

proc assert {condition} {
  if {![uplevel 1 [list expr $condition]]} {error "not so: $condition"}
}

proc use {} {
  global shm view list lock event
  assert {[$view get 0] == 7 && [$list get 1] eq "two"}
  assert {[polyshm::with outcome $lock {set outcome}] eq "locked"}
  $event set
  assert {[$event wait 0] && [$event is_set]}
  assert {[catch {$view get -1} message options] && [dict get $options -errorcode] eq "POLYSHM INDEX"}
}

proc neighbours {} {
  foreach name $::env(POLYSHM_EMBED_NAMES) {
    load [file join $::env(POLYSHM_EMBED_NEIGHBOURS) $name.so] [string totitle $name]
  }
}

proc beside {} {
  global shm view list lock event
  foreach name $::env(POLYSHM_EMBED_NAMES) {
    set theirs [${name}::make 5]
    assert {[${name}::peek $theirs] == 5}
    foreach ours [list $shm $view $list $lock $event] {
      assert {[catch {${name}::peek $ours}]}
    }
    assert {[catch {$shm copy $theirs}] && [catch {polyshm::core::destroy $theirs}]}
    use
    assert {[${name}::peek $theirs] == 5}
  }
}

proc own {} {
  set ::lock [polyshm::Lock attach $::env(POLYSHM_EMBED_NAME)]
  $::lock lock
}

proc wait {} {
  [polyshm::Lock attach $::env(POLYSHM_EMBED_NAME)] lock
}
