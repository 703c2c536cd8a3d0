package require polyshm
lassign $argv name me

proc check {good what} {
    if {!$good} {
        puts "$::me, Tcl: $what"
        exit 1
    }
}

set shm [polyshm::SharedMemory attach $name]
set v [$shm view int64]
set lock [$shm lock]
set permits [polyshm::Semaphore attach $name.permits]
set event [polyshm::Event attach $name.event]
puts ready
flush stdout

while 1 {
    set outcome [$lock lock 10]
    check [expr {$outcome ne "0"}] "starved of the lock"
    if {$outcome eq "recovered"} {
        $v set 2 [$v get 1]
        $v set 0 0
        $lock repaired
        $v add 4 1
    }
    check [expr {[$v get 0] == 0}] "not alone"
    check [expr {[$v get 1] == [$v get 2]}] "half a change, and nobody said so"
    $v set 0 $me
    $v set 1 [expr {[$v get 1] + 1}]
    $v set 2 [expr {[$v get 2] + 1}]
    check [expr {[$v get 0] == $me}] "not alone any more"
    $v set 0 0
    $lock unlock
    check [$permits acquire 10] "starved of a permit"
    $permits release
    if {$me % 2} {
        check [$event wait 10] "slept through the event"
    } else {
        $event set
        $event clear
    }
    $v add 3 1
}
