# Atomics in Tcl: exact integers, threads, waiting for another process.
source [file join [file dirname [info script]] support.tcl]

check atomics-exact "64 bits are exact" {
    set words [$shm view uint64]
    $words store 0 18446744073709551615
    set found [list [$words load 0] [$words add 0 2] [$words load 0] [$words sub 0 2] [$words and 0 9223372036854775808] \
                   [$words or 0 1] [$words xor 0 3] [$words compare_exchange 0 9223372036854775810 7] [$words exchange 0 8] [$words load 0]]
    lappend found [fails {$words add 0 -1}] [fails {$words add 0 18446744073709551616}] [fails {$words add 0 x}] [fails {$words add 0 1.5}] \
        [fails {$words compare_exchange 0 8 -1}] [fails {$words compare_exchange 0 {} 1}] [$words load 0]
    $words destroy
    set found
} {18446744073709551615 18446744073709551615 1 1 18446744073709551615 9223372036854775808 9223372036854775809 9223372036854775810 7 8\
       {POLYSHM RANGE} {POLYSHM RANGE} {POLYSHM TYPE} {POLYSHM RANGE} {POLYSHM RANGE} {POLYSHM TYPE} 8}

check atomics-threads "threads that add at once lose nothing; neither do those that take the lock" thread {
    set numbers [$shm view int64 -count 2]
    set threads [lmap i {1 2 3 4} {thread::create -preserved}]
    foreach thread $threads {
        thread::send -async $thread [list apply {{name} {
            package require polyshm
            set shm [polyshm::SharedMemory attach $name]
            set numbers [$shm view int64]
            for {set i 0} {$i < 2000} {incr i} {
                $numbers add 0 1
                polyshm::with outcome [$shm lock] {
                    $numbers set 1 [expr {[$numbers get 1] + 1}]
                }
            }
            $shm destroy
            $numbers destroy
        }} ${prefix}a] ::done($thread)
    }
    foreach thread $threads {
        while {![info exists ::done($thread)]} {
            vwait ::done($thread)
        }
        thread::release $thread
    }
    unset ::done
    set found [$numbers list]
    $numbers destroy
    set found
} {8000 8000}

check atomics-wait "an element that another process changes" {
    set numbers [$shm view int32 -count 4]
    set channel [process {
        set shm [polyshm::SharedMemory attach ${prefix}a]
        set numbers [$shm view int32]
        puts [$numbers wait 0 0 30]
        $numbers store 1 5
        $numbers notify 1
    }]
    $numbers store 0 1
    $numbers notify 0
    set outcome [$numbers wait 1 0 30]
    set found [list [expr {$outcome in {ok not-equal}}] [expr {[gets $channel] in {ok not-equal}}] [$numbers load 1]]
    close $channel
    lappend found [$numbers wait 1 5 0] [$numbers wait 1 4] [$numbers wait 1 5 0.01] [$numbers notify 1] [$numbers notify 1 3]
    $numbers destroy
    set found
} {1 1 5 timed-out not-equal timed-out 0 0}

end_tests
