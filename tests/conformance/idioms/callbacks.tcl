# Scripts that run in the middle of a call: traces, handlers, bodies. They destroy, close and ask again for what the call works on.
source [file join [file dirname [info script]] support.tcl]

# The script runs when the command is deleted, with this test's $shm.
proc when_deleted {command script} {
    trace add command $command delete [list apply [list {shm args} $script] [uplevel 1 {set shm}]]
}

check callback-lock-again "a lock's command that goes asks for the segment's lock" {
    set ::inner {}
    when_deleted [$shm lock] {set ::inner [$shm lock]}
    [$shm lock] close
    set outer [$shm lock]
    # What took the place of freed memory would be written to when the inner command goes.
    set same [string equal $outer $::inner]
    $shm unlink
    $shm destroy
    for {set i 0} {$i < 40} {incr i} {
        set other($i) [polyshm::SharedMemory create ${prefix}o$i -size 4096]
        set lock($i) [$other($i) lock]
    }
    catch {rename $::inner {}}
    set forgotten {}
    for {set i 0} {$i < 40} {incr i} {
        if {[$other($i) lock] ne $lock($i)} {lappend forgotten $i}
        $other($i) unlink
        $other($i) destroy
    }
    list $same $forgotten [llength [info commands $outer]]
} {1 {} 0}

check callback-lock-closed "a lock's command that goes closes the segment's new lock" {
    set ::depth 0
    proc again {shm args} {
        if {[incr ::depth] < 5} {
            set lock [$shm lock]
            trace add command $lock delete [list again $shm]
            $lock close
        }
    }
    set lock [$shm lock]
    trace add command $lock delete [list again $shm]
    $lock close
    set last [$shm lock]
    list [$last lock 5] [$last unlock] [$shm size]
} {locked {} 4096}

check callback-segment-goes "a lock's command that goes destroys the segment that is asked for its lock" {
    when_deleted [$shm lock] {rename $shm {}}
    [$shm lock] close
    set result [list [fails {$shm lock}] [llength [info commands $shm]] [llength [info commands ::polyshm::Lock?*]]]
    polyshm::SharedMemory unlink ${prefix}a
    set result
} {{POLYSHM CLOSED} 0 0}

check callback-destroy "a segment that goes is used by its own trace and by its lock's" {
    set ::told {}
    set lock [$shm lock]
    foreach command [list $shm $lock] {
        when_deleted $command {
            foreach call {{$shm size} {$shm lock} {$shm read} {$shm view int8} {$shm close} {$shm destroy} {rename $shm {}}} {
                lappend ::told [catch $call]
            }
        }
    }
    $shm unlink
    $shm destroy
    list [llength $::told] [llength [info commands $shm]] [llength [info commands $lock]] [llength [info commands ::polyshm::Lock?*]]
} {14 0 0 0}

check callback-with-goes "a body and a variable's trace destroy what with holds" {
    set result {}
    foreach make [list {$shm view int8} "polyshm::Event create ${prefix}o" "polyshm::Lock create ${prefix}o"] {
        foreach way {{$x destroy} {rename $x {}} {$x close}} {
            set x [eval $make]
            lappend result [catch {polyshm::with held $x $way} told] $told
            catch {$x destroy}
            shell "rm -f /dev/shm/${prefix}o"
        }
    }
    set x [polyshm::Lock create ${prefix}t]
    trace add variable traced write [list apply {{x args} {$x destroy}} $x]
    lappend result [catch {polyshm::with traced $x {}}] [llength [info commands $x]]
    unset traced
    lsort -unique $result
} {{} 0}

check callback-each-goes "the body of each destroys the view, its segment, and the list" {
    set result {}
    foreach way {{$view destroy} {$shm destroy} {$view close} {$shm close}} {
        set other [polyshm::SharedMemory create ${prefix}b -size 800]
        set seen 0
        set window [$other view float64]
        lappend result [catch {$window each x [string map [list {$view} $window {$shm} $other] "incr seen; $way"]}] $seen
        catch {$window destroy}
        catch {$other destroy}
        polyshm::SharedMemory unlink ${prefix}b
    }
    set l [polyshm::ShareableList create ${prefix}l {{int 1} {str two} {none}}]
    lappend result [catch {$l each x {$l destroy}}] [llength [info commands $l]]
    set result
} {1 2 1 2 0 100 0 100 1 0}

check callback-interp "an interpreter that has objects is deleted in the middle of their scopes" {
    set child [interp create]
    $child eval [list set auto_path $::auto_path]
    $child eval {package require polyshm}
    interp alias $child end {} interp delete $child
    set code [catch {$child eval [string map [list NAME ${prefix}i] {
        set shm [polyshm::SharedMemory create NAME -size 4096]
        set lock [polyshm::Lock create NAME.l]
        $lock unlink
        polyshm::with held $lock {polyshm::with open $shm {$shm lock; $shm unlink; end}}
    }]}]
    list $code [interp exists $child]
} {0 0}

end_tests
