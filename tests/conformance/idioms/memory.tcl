# Memory in Tcl: however often a command is called, it leaves nothing behind, and neither does a call that fails.
source [file join [file dirname [info script]] support.tcl]

# Each line is one call of one command, with the objects that a worker has. A command of the module or of the facade that stands
# in no line fails the first test.
set calls {
    polyshm::version
    polyshm::page_size
    polyshm::segments
    polyshm::directory
    polyshm::set_directory /dev/shm
    polyshm::core::version
    polyshm::core::page_size
    polyshm::core::each_segment
    polyshm::core::directory
    polyshm::core::set_directory /dev/shm

    polyshm::SharedMemory create ${prefix}made -size 64 -mode 0600
    polyshm::SharedMemory create -size 64
    polyshm::SharedMemory attach ${prefix}a -timeout 0
    polyshm::SharedMemory open ${prefix}a -size 64
    polyshm::SharedMemory new -name ${prefix}a
    polyshm::SharedMemory unlink ${prefix}gone_segment
    polyshm::ShareableList create ${prefix}made $items -reserve {1 2 3 4 300 6 7}
    polyshm::ShareableList create $items
    polyshm::ShareableList attach ${prefix}list
    polyshm::ShareableList open ${prefix}list $items -reserve 16
    polyshm::ShareableList new -sequence $items
    polyshm::ShareableList unlink ${prefix}gone_list
    polyshm::Lock create ${prefix}made
    polyshm::Lock create
    polyshm::Lock attach ${prefix}l
    polyshm::Lock open ${prefix}l
    polyshm::Lock unlink ${prefix}gone_lock
    polyshm::Semaphore create ${prefix}made -count 2
    polyshm::Semaphore create
    polyshm::Semaphore attach ${prefix}s
    polyshm::Semaphore open ${prefix}s -count 2
    polyshm::Semaphore unlink ${prefix}gone_semaphore
    polyshm::Event create ${prefix}made
    polyshm::Event create
    polyshm::Event attach ${prefix}e
    polyshm::Event open ${prefix}e
    polyshm::Event unlink ${prefix}gone_event
    polyshm::core::segment_create ${prefix}made 64 0600
    polyshm::core::segment_create $::polyshm::core::unnamed 64 0600
    polyshm::core::segment_attach ${prefix}a 0 0
    polyshm::core::segment_open ${prefix}a 64 0600 0
    polyshm::core::segment_unlink_name ${prefix}gone_segment
    polyshm::core::list_create ${prefix}made $items 16 0600
    polyshm::core::list_create $::polyshm::core::unnamed $items 16 0600
    polyshm::core::list_attach ${prefix}list 0 0
    polyshm::core::list_open ${prefix}list $items 16 0600 0
    polyshm::core::lock_create ${prefix}made 0600
    polyshm::core::lock_create $::polyshm::core::unnamed 0600
    polyshm::core::lock_attach ${prefix}l 0 0
    polyshm::core::lock_open ${prefix}l 0600 0
    polyshm::core::semaphore_create ${prefix}made 2 0600
    polyshm::core::semaphore_create $::polyshm::core::unnamed 2 0600
    polyshm::core::semaphore_attach ${prefix}s 0 0
    polyshm::core::semaphore_open ${prefix}s 2 0600 0
    polyshm::core::event_create ${prefix}made 0600
    polyshm::core::event_create $::polyshm::core::unnamed 0600
    polyshm::core::event_attach ${prefix}e 0 0
    polyshm::core::event_open ${prefix}e 0600 0
    polyshm::core::adopt SharedMemory view
    polyshm::core::destroy [polyshm::core::event_attach ${prefix}e 0 0]

    $shm read
    $shm read 0 100
    $shm fill 1
    $shm copy $shm 0 10 20
    $shm view int8 -offset 8 -count 4
    polyshm::core::SharedMemory_address $shm
    polyshm::core::SharedMemory_close $closed_segment
    polyshm::core::SharedMemory_closed $shm
    polyshm::core::SharedMemory_copy $shm $shm 0 10 20
    polyshm::core::SharedMemory_fill $shm 1 0 10
    polyshm::core::SharedMemory_get_value $shm float64 0
    $shm lock
    polyshm::core::SharedMemory_lock $shm
    polyshm::core::destroy [$shm lock]
    polyshm::core::SharedMemory_name $shm
    polyshm::core::SharedMemory_read $shm 0 100
    polyshm::core::SharedMemory_readonly $shm
    polyshm::core::SharedMemory_refresh $shm
    polyshm::core::SharedMemory_resize $shm 4096
    polyshm::core::SharedMemory_set_value $shm int8 0 7
    polyshm::core::SharedMemory_size $shm
    polyshm::core::SharedMemory_stale $shm
    polyshm::core::SharedMemory_unlink $gone_segment
    polyshm::core::SharedMemory_view $shm float32 0 4
    polyshm::core::SharedMemory_write $shm 0 bytes

    $floats list
    $numbers list 0 3
    $words list
    $floats assign {1 2.5 NaN}
    $words assign {18446744073709551615 1}
    $floats fill 1.5
    $numbers notify 0
    $floats each x {set x}
    polyshm::core::View_add $numbers 0 1
    polyshm::core::View_and $numbers 0 1
    polyshm::core::View_assign $floats {1 2 3} 0
    polyshm::core::View_close $closed_view
    polyshm::core::View_closed $numbers
    polyshm::core::View_compare_exchange $words 0 18446744073709551615 18446744073709551614
    polyshm::core::View_count $numbers
    polyshm::core::View_dtype $numbers
    polyshm::core::View_exchange $words 0 18446744073709551615
    polyshm::core::View_fill $numbers 77 0 2
    polyshm::core::View_get $floats 0
    polyshm::core::View_get $floats 5
    polyshm::core::View_get $words 0
    polyshm::core::View_list $floats 0 6
    polyshm::core::View_load $words 0
    polyshm::core::View_notify $numbers 0 1
    polyshm::core::View_offset $numbers
    polyshm::core::View_or $numbers 0 1
    polyshm::core::View_set $floats 0 1.5
    polyshm::core::View_store $numbers 0 5
    polyshm::core::View_sub $numbers 0 1
    polyshm::core::View_wait $numbers 0 123456 0
    polyshm::core::View_xor $numbers 0 1

    $list list
    $list items
    $list assign $items
    $list set 0 int 7
    $list set 4 str warm
    $list set 4 none {}
    $list set 4 $long
    $list count str x
    $list index float 1.5
    $list format
    $list each x {set x}
    polyshm::core::ShareableList_assign $list $items 0
    polyshm::core::ShareableList_capacity $list 4
    polyshm::core::ShareableList_close $closed_list
    polyshm::core::ShareableList_closed $list
    polyshm::core::ShareableList_count $list str x
    polyshm::core::ShareableList_format $list 4
    polyshm::core::ShareableList_get $list 0
    polyshm::core::ShareableList_get $list 1
    polyshm::core::ShareableList_get $list 3
    polyshm::core::ShareableList_get $list 4
    polyshm::core::ShareableList_get $list 5
    polyshm::core::ShareableList_get $list 6
    polyshm::core::ShareableList_index $list str $long
    polyshm::core::ShareableList_items $list 0 7
    polyshm::core::ShareableList_kind $list 4
    polyshm::core::ShareableList_length $list
    polyshm::core::ShareableList_list $list 0 7
    polyshm::core::ShareableList_name $list
    polyshm::core::ShareableList_set $list 4 warm
    polyshm::core::ShareableList_set $list 4 $strange
    polyshm::core::ShareableList_shm $list
    polyshm::core::ShareableList_unlink $gone_list
    polyshm::core::ShareableList_set $list 4 str warm
    polyshm::core::ShareableList_set $list 4 str $strange

    polyshm::with outcome $lock -timeout 1 {set outcome}
    polyshm::with outcome $semaphore {set outcome}
    polyshm::with segment [polyshm::SharedMemory attach ${prefix}a] {$segment lock}
    $lock try_lock
    polyshm::core::Lock_close $closed_lock
    polyshm::core::Lock_closed $lock
    polyshm::core::Lock_dirty $lock
    polyshm::core::Lock_lock $lock 0
    polyshm::core::Lock_locked $lock
    polyshm::core::Lock_name $lock
    polyshm::core::Lock_owned $lock
    polyshm::core::Lock_repaired $owned
    polyshm::core::Lock_stale $lock
    polyshm::core::Lock_unlink $gone_lock
    polyshm::core::Lock_unlock $owned
    $semaphore try_acquire
    polyshm::core::Semaphore_acquire $semaphore 0
    polyshm::core::Semaphore_close $closed_semaphore
    polyshm::core::Semaphore_closed $semaphore
    polyshm::core::Semaphore_count $semaphore
    polyshm::core::Semaphore_name $semaphore
    polyshm::core::Semaphore_release $acquired
    polyshm::core::Semaphore_stale $semaphore
    polyshm::core::Semaphore_unlink $gone_semaphore
    polyshm::core::Semaphore_value $semaphore
    polyshm::core::Event_clear $event
    polyshm::core::Event_close $closed_event
    polyshm::core::Event_closed $event
    polyshm::core::Event_is_set $event
    polyshm::core::Event_name $event
    polyshm::core::Event_set $event
    polyshm::core::Event_stale $event
    polyshm::core::Event_unlink $gone_event
    polyshm::core::Event_wait $event 0
}

# This is what a worker begins with: its objects, and how it measures.
set worker {
    set prefix [lindex $argv 0]
    set long [string repeat caf\u00e9 100]
    set strange [string repeat \0\u00e9 100] ;# NUL is two bytes in Tcl's own UTF-8
    set items [list {int 42} {float 1.5} {bool 1} none [list str $long] [list bytes $long] {int -1}]
    foreach {class type first} {SharedMemory segment {} ShareableList list {{{int 1}}} Lock lock {} Semaphore semaphore {} Event event {}} {
        set gone_$type [polyshm::$class open ${prefix}gone_$type {*}$first]
        set closed_$type [polyshm::$class create {*}$first]
        [set closed_$type] unlink
    }
    set shm [polyshm::SharedMemory attach ${prefix}a]
    set numbers [$shm view int32 -offset 64 -count 8]
    set words [$shm view uint64 -offset 128 -count 8]
    set floats [$shm view float64 -offset 256 -count 6]
    $words store 0 18446744073709551615
    $floats set 5 [expr {2.0 ** -24}]
    set closed_view [$shm view int8]
    catch {polyshm::ShareableList unlink ${prefix}list}
    set list [polyshm::ShareableList create ${prefix}list $items -reserve 600]
    set lock [polyshm::Lock open ${prefix}l]
    set semaphore [polyshm::Semaphore open ${prefix}s -count 2]
    set event [polyshm::Event open ${prefix}e]
    set owned [polyshm::Lock create]
    $owned unlink
    $owned lock
    set acquired [polyshm::Semaphore create]
    $acquired unlink
    $acquired acquire

    # Whatever a call has made goes again; what others need keeps its name.
    proc sweep {call result} {
        if {[string match ::polyshm::* $result] && $call ne {$shm lock} && [info commands $result] ne ""} {
            if {[regexp {[ _](create|new)} $call] && ![string match *-name* $call]} {
                $result unlink
            }
            polyshm::core::destroy $result
        }
    }

    # The variants of a call that must fail: each of its words in turn is one that is no number, name, list, option, item, script
    # or object; and there are words too many.
    proc variants {call} {
        if {[string first \[ $call] >= 0} {
            return {}
        }
        set words [uplevel #0 "list $call"]
        set variants [list [linsert $words end extra more]]
        for {set i 1} {$i < [llength $words]} {incr i} {
            lappend variants [lreplace $words $i $i \u20ac/x]
        }
        return $variants
    }

    # KiB. It is read line by line: the room for all of it would be given back, and hide as much of what is lost.
    proc anonymous {} {
        set channel [open /proc/self/smaps_rollup]
        fconfigure $channel -buffersize 512 -translation binary
        while {[gets $channel line] >= 0 && ![string match Anonymous:* $line]} {}
        close $channel
        lindex $line 1
    }

    # By how many KiB the process grows.
    proc growth {calls times} {
        set before [anonymous]
        for {set i 0} {$i < $times} {incr i} {
            foreach call $calls {
                if {![catch {uplevel #0 $call} result]} {
                    sweep $call $result
                }
            }
        }
        expr {[anonymous] - $before}
    }

    # Why a call is bad, or nothing. A leak of one word in each call is seen in every round, what the process keeps once is not.
    proc verdict {call} {
        if {[catch {uplevel #0 $call} result]} {
            return "fails: $result"
        }
        sweep $call $result
        set calls [list $call {*}[variants $call]]
        growth $calls 100
        for {set i 0} {$i < 100} {incr i} { ;# what is free already is taken first, where a leak would not be seen
            lappend taken [lmap size [lrepeat 100 $i] {string repeat x [incr size]}]
        }
        for {set round 0} {$round < 4} {incr round} {
            lappend kilobytes [growth $calls 1000]
            if {[lindex $kilobytes end] < 16} {
                return ""
            }
        }
        return "grows by $kilobytes KiB in 1000 calls each"
    }
    puts [verdict [lindex $argv 1]]
}

# This is what a line covers.
proc covered {call} {
    lassign $call command verb
    if {[string match {$*} $command]} {
        set class [dict get {
            $shm SharedMemory $numbers View $words View $floats View $list ShareableList $lock Lock $semaphore Semaphore $event Event
        } $command]
        return ::polyshm::${class}::method::$verb
    }
    expr {[namespace ensemble exists ::$command] ? "::$command $verb" : "::$command"}
}

proc lines {} {
    lmap line [split [string trim $::calls] \n] {
        if {[string trim $line] eq ""} continue
        string trim $line
    }
}

test memory-covered "there is a call of every command that there is" -body {
    set commands [info commands ::polyshm::core::*]
    foreach class [namespace children ::polyshm] {
        lappend commands {*}[info commands ${class}::method::*]
    }
    foreach name [namespace eval ::polyshm {namespace export}] {
        if {[namespace ensemble exists ::polyshm::$name]} {
            lappend commands {*}[lmap verb [dict keys [namespace ensemble configure ::polyshm::$name -map]] {list ::polyshm::$name $verb}]
        } else {
            lappend commands ::polyshm::$name
        }
    }
    set lines [lmap line [lines] {covered $line}]
    lsort [lmap command $commands {
        if {[string map {\{ {} \} {}} $command] in $lines} continue
        set command
    }]
} -result {}

# A process for each call, since memory that another has given back would hide what it takes.
check memory-left "no call leaves memory behind" native {
    set found {}
    foreach line [lines] {
        set verdict [exec -ignorestderr [info nameofexecutable] << "package require polyshm; set argv [list [list $prefix $line]]; $::worker"]
        if {$verdict ne ""} {
            lappend found "$line: $verdict"
        }
    }
    join $found \n
} {}

end_tests
