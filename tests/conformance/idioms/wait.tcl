# Waits in Tcl, and what breaks them: cancelled interpreters, limits, TclX's signals, time-outs; and waits for a name.
source [file join [file dirname [info script]] support.tcl]

# ---- waits that interrupts break ----

check_locks wait-time "a wait lasts as long as it was told to" {
    set other [polyshm::Lock attach ${prefix}l]
    $other lock
    $semaphore acquire
    $semaphore acquire
    set numbers [$shm view int32]
    set found {}
    foreach call {{$lock lock 0.2} {$semaphore acquire 0.2} {$event wait 0.2} {$numbers wait 0 0 0.2}} {
        lappend found [takes 200 5000 {lappend found [eval $call]}]
    }
    $numbers destroy
    $other destroy
    set found
} {0 1 0 1 0 1 timed-out 1}

check_locks wait-loop "the event loop is not served" {
    set ::served 0
    after 0 {set ::served 1}
    $event wait 0.1
    set found $::served
    update
    list $found $::served
} {0 1}

check_locks wait-cancel-all "every wait for ever ends when its interpreter is cancelled, and nothing was acquired" thread {
    $lock lock
    $semaphore acquire
    $semaphore acquire
    set waiter [thread::create -preserved]
    thread::send $waiter [list set prefix $prefix]
    thread::send $waiter {
        package require polyshm
        set lock [polyshm::Lock attach ${prefix}l]
        set semaphore [polyshm::Semaphore attach ${prefix}s]
        set event [polyshm::Event attach ${prefix}e]
        set numbers [[polyshm::SharedMemory attach ${prefix}a] view int32]
    }
    set found {}
    foreach call {{$lock lock} {$semaphore acquire} {$event wait} {$numbers wait 0 0} {polyshm::Lock attach ${prefix}none -timeout {}}
                  {polyshm::with outcome $lock {}} {polyshm::with outcome $semaphore -timeout 60 {}}} {
        thread::send -async $waiter [list catch $call message] ::ended
        after 100
        thread::cancel $waiter
        lappend found [takes 0 5000 {vwait ::ended}] $::ended [thread::send $waiter {set message}]
    }
    $lock unlock
    lappend found [thread::send $waiter {list [$lock owned] [$semaphore try_acquire] [$lock lock 10]}]
    thread::release $waiter
    list [lsort -unique [lrange $found 0 end-1]] [lindex $found end]
} {{1 {eval canceled}} {0 0 locked}}

check_locks wait-limit "and when its time limit is up" {
    $lock lock
    set child [child_with_lock]
    set end [expr {[clock milliseconds] + 200}]
    $child limit time -seconds [expr {$end / 1000}] -milliseconds [expr {$end % 1000}] -granularity 1
    set found [list [takes 0 10000 {catch {$child eval {$lock lock}} message}] $message]
    interp delete $child
    $lock unlock
    lappend found [$lock lock]
} {1 {time limit exceeded} locked}

check_locks wait-signal "a signal's handler runs while the wait goes on, also one that restarts system calls" tclx {
    output {
        package require Tclx
        set event [polyshm::Event attach ${prefix}e]
        foreach restart {{} -restart} {
            set signals 0
            signal {*}$restart trap USR1 {
                if {[incr signals] == 3} {
                    $event set
                } else {
                    exec kill -USR1 [pid] &
                }
            }
            exec sh -c "sleep 0.2; kill -USR1 [pid]" &
            puts "[$event wait 30] $signals"
            $event clear
        }
    }
} {{1 3} {1 3}}

check_locks wait-signal-error "a handler's error breaks the wait at once" tclx {
    $lock lock
    output {
        package require Tclx
        set lock [polyshm::Lock attach ${prefix}l]
        set shm [polyshm::SharedMemory attach ${prefix}a]
        set numbers [$shm view int32]
        set event [polyshm::Event attach ${prefix}e]
        signal error INT
        foreach call {{$lock lock} {$event wait} {$numbers wait 0 0} {polyshm::with outcome $lock {}}} {
            exec sh -c "sleep 0.3; kill -INT [pid]" &
            set start [clock milliseconds]
            catch $call message options
            puts "[dict get $options -errorcode] [expr {[clock milliseconds] - $start < 5000}]"
        }
        puts [$lock owned]
    }
} {{POSIX SIG SIGINT 1} {POSIX SIG SIGINT 1} {POSIX SIG SIGINT 1} {POSIX SIG SIGINT 1} 0}

check_locks wait-signal-destroys "a handler that deletes what waits" tclx {
    $lock lock
    $semaphore acquire
    $semaphore acquire
    set script {
        package require Tclx
        set shm [polyshm::SharedMemory attach ${prefix}a]
        set view [$shm view int32]
        foreach {make call} {
            {polyshm::Lock attach ${prefix}l} {$object lock}
            {polyshm::Lock attach ${prefix}l} {polyshm::with outcome $object {}}
            {polyshm::Semaphore attach ${prefix}s} {$object acquire}
            {polyshm::Semaphore attach ${prefix}s} {polyshm::with outcome $object {}}
            {polyshm::Event attach ${prefix}e} {$object wait}
            {$shm view int32} {$object wait 0 0}
        } {
            set object [eval $make]
            signal trap USR1 $delete
            exec sh -c "sleep 0.3; kill -USR1 [pid]" &
            catch $call message options
            puts "[dict get $options -errorcode] [llength [info commands $object]]"
        }
    }
    set processes [lmap delete {{$object destroy} {rename $object {}} {$object close; rename $object {}}} {
        process "[list set delete $delete]; $script"
    }]
    set found {}
    foreach channel $processes {
        lappend found {*}[split [string trim [read $channel]] \n]
        close $channel
    }
    list [llength $found] [lsort -unique $found]
} {18 {{POLYSHM CLOSED 0}}}

check_locks wait-signal-interp "a handler that deletes the interpreter that waits" tclx {
    $lock lock
    output {
        package require Tclx
        set child [interp create]
        $child eval [list set prefix $prefix]
        interp alias $child bye {} interp delete $child
        signal trap USR1 bye
        exec sh -c "sleep 0.3; kill -USR1 [pid]" &
        puts [catch {$child eval {package require polyshm; set lock [polyshm::Lock attach ${prefix}l]; $lock lock}} message]:$message
        puts [interp exists $child]
    }
} [list "1:lock \"${prefix}l\": it was interrupted" 0]

# ---- waits for a name ----

check wait-appears "attach waits for a name to appear" {
    shell "sleep 0.2; head -c 100 /dev/zero > /dev/shm/${prefix}late" &
    set start [clock milliseconds]
    set late [polyshm::SharedMemory attach ${prefix}late -timeout 10]
    set waited [expr {[clock milliseconds] - $start}]
    set size [$late size]
    $late destroy
    list [expr {$size > 0}] [expr {$waited >= 100 && $waited < 5000}]
} {1 1}

check wait-ends "and gives up in time" {
    set start [clock milliseconds]
    set code [fails {polyshm::SharedMemory attach ${prefix}none -timeout 0.2}]
    set waited [expr {[clock milliseconds] - $start}]
    list $code [expr {$waited >= 200 && $waited < 2000}]
} {{POSIX ENOENT} 1}

check wait-bad "timeouts that are none" {
    set codes {}
    foreach timeout {-1 -0.5 NaN abc -Inf} {
        lappend codes [lindex [fails {polyshm::SharedMemory attach ${prefix}none -timeout $timeout}] 1]
    }
    set codes
} {RANGE RANGE RANGE TYPE RANGE}

check wait-cancel "a wait for ever ends when its interpreter is cancelled" thread {
    set waiter [thread::create -preserved]
    thread::send $waiter {package require polyshm}
    foreach timeout {60 {} Inf} {
        thread::send -async $waiter [list catch [list polyshm::SharedMemory attach ${prefix}none -timeout $timeout]] ::ended
        after 150
        set start [clock milliseconds]
        thread::cancel $waiter
        vwait ::ended
        lappend found [expr {[clock milliseconds] - $start < 5000}]
    }
    # The thread goes on, and its next wait is an ordinary one.
    lappend found [thread::send $waiter [list catch [list polyshm::SharedMemory attach ${prefix}none -timeout 0.1] message]] \
        [string match *none*no\ segment* [thread::send $waiter {set message}]]
    thread::release $waiter
    set found
} {1 1 1 1 1}

check wait-cancel-words "the error is the one of interp cancel" thread {
    set waiter [thread::create -preserved]
    thread::send $waiter {package require polyshm}
    thread::send -async $waiter [list apply {name {
        catch {polyshm::SharedMemory attach $name -timeout 60} message options
        return [list $message [dict get $options -errorcode]]
    }} ${prefix}none] ::ended
    after 150
    thread::cancel $waiter
    vwait ::ended
    thread::release $waiter
    lindex $::ended 0
} {eval canceled}

check wait-cancel-resize "and so does a resize that waits for another process" thread {
    set holder [open "|flock /dev/shm/${prefix}a -c {echo held; exec cat}" r+]
    gets $holder
    set waiter [thread::create -preserved]
    thread::send $waiter [list set name ${prefix}a]
    thread::send $waiter {package require polyshm; set shm [polyshm::SharedMemory attach $name]}
    thread::send -async $waiter {catch {$shm resize 8192} message} ::ended
    after 150
    thread::cancel $waiter
    vwait ::ended
    set found [thread::send $waiter {list $message [$shm size]}]
    close $holder
    lappend found [thread::send $waiter {$shm resize 8192; $shm size}]
    thread::release $waiter
    set found
} {{eval canceled} 4096 8192}

end_tests
