# Four processes share the work: each squares its quarter of the numbers in place and leaves its sum in a slot of its own.
package require polyshm

set workers 4
set count 1000 ;# numbers, as doubles, behind one slot for each worker

proc views {shm} {
    global workers count
    list [$shm view int64 -count $workers] [$shm view float64 -offset [expr {8 * $workers}] -count $count]
}

proc work {name worker} {
    global workers count
    polyshm::with shm [polyshm::SharedMemory attach $name] {
        lassign [views $shm] sums numbers
        set quarter [expr {$count / $workers}]
        set first [expr {$worker * $quarter}]
        set squares [lmap x [$numbers list $first $quarter] {expr {$x * $x}}]
        $numbers assign $squares $first
        $sums set $worker [expr {int([tcl::mathop::+ {*}$squares])}]
    }
}

proc main {} {
    global workers count
    polyshm::with shm [polyshm::SharedMemory create -size [expr {8 * ($workers + $count)}]] {
        lassign [views $shm] sums numbers
        for {set i 0} {$i < $count} {incr i} {
            $numbers set $i $i
        }
        set channels {}
        for {set worker 0} {$worker < $workers} {incr worker} {
            lappend channels [open |[list [info nameofexecutable] [info script] [$shm name] $worker 2>@stderr]]
        }
        foreach channel $channels {
            read $channel
            close $channel ;# waits, and fails if the worker did
        }
        puts "sums: [$sums list]"
        puts "total: [tcl::mathop::+ {*}[$sums list]]"
        puts "the last three: [$numbers list [expr {$count - 3}]]"
        $shm unlink
    }
}

if {[llength $argv]} {
    work {*}$argv
} else {
    main
}

# output:
# sums: 5177125 36364625 98802125 192489625
# total: 332833500
# the last three: 994009.0 996004.0 998001.0
