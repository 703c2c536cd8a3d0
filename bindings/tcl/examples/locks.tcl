# Four processes count together under a lock. A fifth is killed while it holds the lock: the next one is told.
package require polyshm

set rounds 250

proc start {args} {
    open |[list [info nameofexecutable] [info script] {*}$args 2>@stderr]
}

proc counter {name} {
    polyshm::with shm [polyshm::SharedMemory attach $name] {
        set total [$shm view int64 -count 1]
        polyshm::with go [polyshm::Event attach $name.go] {
            $go wait ;# all begin at once
        }
        for {set i 0} {$i < $::rounds} {incr i} {
            polyshm::with outcome [$shm lock] {
                $total set 0 [expr {[$total get 0] + 1}]
            }
        }
    }
}

proc victim {name} {
    set shm [polyshm::SharedMemory attach $name]
    [$shm lock] lock
    [$shm view int64] set 0 -1 ;# half done
    exec kill -KILL [pid]
}

proc main {} {
    polyshm::with shm [polyshm::SharedMemory create -size 8] {
        set total [$shm view int64]
        set go [polyshm::Event create [$shm name].go]
        set counters [lmap i {1 2 3 4} {start counter [$shm name]}]
        $go set
        foreach channel $counters {
            read $channel
            close $channel ;# waits, and fails if the process did
        }
        puts "counted: [$total get 0]"

        set channel [start victim [$shm name]]
        read $channel
        catch {close $channel} message
        puts "the victim: $message"

        polyshm::with outcome [$shm lock] {
            puts "the lock: $outcome, and what it guards is [$total get 0]"
            $total set 0 [expr {4 * $::rounds}]
            [$shm lock] repaired
        }
        polyshm::with outcome [$shm lock] -timeout 1 {
            puts "the lock: $outcome, and what it guards is [$total get 0]"
        }
        $go unlink
        $go destroy
        [$shm lock] unlink
        $shm unlink
    }
}

if {[llength $argv]} {
    {*}$argv
} else {
    main
}

# output:
# counted: 1000
# the victim: child killed: kill signal
# the lock: recovered, and what it guards is -1
# the lock: locked, and what it guards is 1000
