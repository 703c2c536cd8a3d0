# Every command of the module, again and again: what it makes goes with its result, and what it needs for the call with the call.
source [file join [file dirname [info script]] support.tcl]

# The kilobytes of memory that this process has.
proc resident {} {
    set channel [open /proc/self/statm]
    set pages [lindex [read $channel] 1]
    close $channel
    expr {$pages * [polyshm::page_size] / 1024}
}

# A script for each command of ::polyshm::core, in which it succeeds. $n is a name that is free.
set calls {
    destroy {destroy [$shm view int8]}
    directory directory
    each_segment each_segment
    page_size page_size
    set_directory {catch {set_directory /nowhere}}
    version version
    event_attach {destroy [event_attach ${prefix}e 0 0]}
    event_create {set x [event_create $n 384]; $x unlink; destroy $x}
    event_create_unnamed {set x [event_create_unnamed 384]; $x unlink; destroy $x}
    event_open {destroy [event_open ${prefix}e 384 0]}
    list_attach {destroy [list_attach ${prefix}l 0 0]}
    list_create {set x [list_create $n {{int 1} {str abc} none} {} 384]; $x unlink; destroy $x}
    list_create_unnamed {set x [list_create_unnamed {{bytes abc}} 16 384]; $x unlink; destroy $x}
    list_open {destroy [list_open ${prefix}l {{int 1}} {} 384 0]}
    list_set_item {list_set_item $list 1 {str xyz}}
    lock_attach {destroy [lock_attach ${prefix}k 0 0]}
    lock_create {set x [lock_create $n 384]; $x unlink; destroy $x}
    lock_create_unnamed {set x [lock_create_unnamed 384]; $x unlink; destroy $x}
    lock_open {destroy [lock_open ${prefix}k 384 0]}
    segment_attach {destroy [segment_attach ${prefix}a 0 0]}
    segment_create {set x [segment_create $n 100 384]; $x unlink; destroy $x}
    segment_create_unnamed {set x [segment_create_unnamed 100 384]; $x unlink; destroy $x}
    segment_open {destroy [segment_open ${prefix}a 100 384 0]}
    segment_unlink_name {catch {segment_unlink_name ${prefix}none}}
    semaphore_attach {destroy [semaphore_attach ${prefix}s 0 0]}
    semaphore_create {set x [semaphore_create $n 2 384]; $x unlink; destroy $x}
    semaphore_create_unnamed {set x [semaphore_create_unnamed 2 384]; $x unlink; destroy $x}
    semaphore_open {destroy [semaphore_open ${prefix}s 2 384 0]}
    Event_clear {Event_clear $event}
    Event_close {set x [event_attach ${prefix}e 0 0]; Event_close $x; destroy $x}
    Event_closed {Event_closed $event}
    Event_is_set {Event_is_set $event}
    Event_name {Event_name $event}
    Event_set {Event_set $event}
    Event_stale {Event_stale $event}
    Event_unlink {set x [event_create $n 384]; Event_unlink $x; destroy $x}
    Event_wait {Event_wait $event 0}
    Lock_close {set x [lock_attach ${prefix}k 0 0]; Lock_close $x; destroy $x}
    Lock_closed {Lock_closed $lock}
    Lock_dirty {Lock_dirty $lock}
    Lock_lock {Lock_lock $lock 5; Lock_unlock $lock}
    Lock_locked {Lock_locked $lock}
    Lock_name {Lock_name $lock}
    Lock_owned {Lock_owned $lock}
    Lock_repaired {catch {Lock_repaired $lock}}
    Lock_stale {Lock_stale $lock}
    Lock_unlink {set x [lock_create $n 384]; Lock_unlink $x; destroy $x}
    Lock_unlock {catch {Lock_unlock $lock}}
    Semaphore_acquire {Semaphore_acquire $semaphore; Semaphore_release $semaphore}
    Semaphore_close {set x [semaphore_attach ${prefix}s 0 0]; Semaphore_close $x; destroy $x}
    Semaphore_closed {Semaphore_closed $semaphore}
    Semaphore_count {Semaphore_count $semaphore}
    Semaphore_name {Semaphore_name $semaphore}
    Semaphore_release {catch {Semaphore_release $semaphore}}
    Semaphore_stale {Semaphore_stale $semaphore}
    Semaphore_unlink {set x [semaphore_create $n 2 384]; Semaphore_unlink $x; destroy $x}
    Semaphore_value {Semaphore_value $semaphore}
    ShareableList_assign {ShareableList_assign $list 0 {{int 2} {str def} none}}
    ShareableList_capacity {ShareableList_capacity $list 1}
    ShareableList_close {set x [list_attach ${prefix}l 0 0]; ShareableList_close $x; destroy $x}
    ShareableList_closed {ShareableList_closed $list}
    ShareableList_count {ShareableList_count $list {str def}}
    ShareableList_format {ShareableList_format $list 1}
    ShareableList_get {ShareableList_get $list 1}
    ShareableList_index {ShareableList_index $list {str def}}
    ShareableList_items {ShareableList_items $list 0 3}
    ShareableList_kind {ShareableList_kind $list 1}
    ShareableList_length {ShareableList_length $list}
    ShareableList_list {ShareableList_list $list 0 3}
    ShareableList_name {ShareableList_name $list}
    ShareableList_set {ShareableList_set $list 1 ghi}
    ShareableList_shm {destroy [ShareableList_shm $list]}
    ShareableList_unlink {set x [list_create $n {} {} 384]; ShareableList_unlink $x; destroy $x}
    SharedMemory_address {SharedMemory_address $shm}
    SharedMemory_close {set x [segment_attach ${prefix}a 0 0]; SharedMemory_close $x; destroy $x}
    SharedMemory_closed {SharedMemory_closed $shm}
    SharedMemory_copy {SharedMemory_copy $shm $shm 0 10 20}
    SharedMemory_fill {SharedMemory_fill $shm 1 0 10}
    SharedMemory_get_value {SharedMemory_get_value $shm float64 8}
    SharedMemory_lock {destroy [SharedMemory_lock $shm]}
    SharedMemory_name {SharedMemory_name $shm}
    SharedMemory_read {SharedMemory_read $shm 0 1000}
    SharedMemory_readonly {SharedMemory_readonly $shm}
    SharedMemory_refresh {SharedMemory_refresh $shm}
    SharedMemory_resize {SharedMemory_resize $shm 4096}
    SharedMemory_set_value {SharedMemory_set_value $shm float64 8 0.3}
    SharedMemory_size {SharedMemory_size $shm}
    SharedMemory_stale {SharedMemory_stale $shm}
    SharedMemory_unlink {set x [segment_create $n 100 384]; SharedMemory_unlink $x; destroy $x}
    SharedMemory_view {destroy [SharedMemory_view $shm float64 0 10]}
    SharedMemory_write {SharedMemory_write $shm 0 [string repeat x 1000]}
    View_add {View_add $atoms 0 1}
    View_and {View_and $atoms 0 1}
    View_assign {View_assign $view 0 {0.1 0.2 0.3}}
    View_close {set x [$shm view int8]; View_close $x; destroy $x}
    View_closed {View_closed $view}
    View_compare_exchange {View_compare_exchange $atoms 0 1 2}
    View_count {View_count $view}
    View_dtype {View_dtype $view}
    View_exchange {View_exchange $atoms 0 5000000000}
    View_fill {View_fill $view 0.7 0 10}
    View_get {View_get $view 0}
    View_list {View_list $view 0 100}
    View_load {View_load $atoms 0}
    View_notify {View_notify $words 0 1}
    View_offset {View_offset $view}
    View_or {View_or $atoms 0 1}
    View_set {View_set $view 0 0.3}
    View_store {View_store $atoms 0 18000000000000000000}
    View_sub {View_sub $atoms 0 1}
    View_wait {View_wait $words 0 77 0}
    View_xor {View_xor $atoms 0 1}
}

# The kilobytes that so many runs of the script have kept, when what a first round keeps for good is there.
proc growth {script count} {
    namespace eval ::polyshm::core [list proc again count "
        foreach object {prefix n shm view atoms words list lock semaphore event} {variable \$object}
        for {set i 0} {\$i < \$count} {incr i} {$script}"]
    ::polyshm::core::again $count
    set before [resident]
    ::polyshm::core::again $count
    set kept [expr {[resident] - $before}]
    rename ::polyshm::core::again {}
    return $kept
}

test leaks-calls "no command is left out" {
    set known {}
    foreach {name script} $calls {lappend known $name}
    foreach command [info commands ::polyshm::core::*] {
        if {[set at [lsearch -exact $known [namespace tail $command]]] < 0} {lappend missing $command}
        set known [lreplace $known $at $at]
    }
    list [info exists missing] $known
} {0 {}}

# 5 000 times the smallest of malloc's blocks are 156 KiB.
check leaks "no call keeps memory, whether it succeeds or fails" native {
    namespace eval ::polyshm::core [list variable prefix $prefix n ${prefix}n shm $shm view $view]
    namespace eval ::polyshm::core {
        variable atoms [$shm view uint64 -offset 2048 -count 4]
        variable words [$shm view int32 -offset 2048 -count 4]
        variable list [polyshm::ShareableList create ${prefix}l {{int 1} {str abc} {none}}]
        variable lock [polyshm::Lock create ${prefix}k]
        variable semaphore [polyshm::Semaphore create ${prefix}s -count 2]
        variable event [polyshm::Event create ${prefix}e]
    }
    set found {}
    foreach {name script} $::calls {
        foreach text [list $script "catch {[string map {0 {{}}} $script]}"] {
            if {[catch {growth $text 5000} kept]} {
                lappend found [list $text $kept]
            } elseif {$kept > 140} {
                lappend found [list $text $kept]
            }
        }
    }
    namespace eval ::polyshm::core {
        foreach object [list $atoms $words $list $lock $semaphore $event] {$object destroy}
        unset prefix n shm view atoms words list lock semaphore event object
    }
    set found
} {}

end_tests
