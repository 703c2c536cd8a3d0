# Locks, semaphores and events in Tcl: with and every way out of it, the lock of a segment, processes that are killed or forked.
source [file join [file dirname [info script]] support.tcl]

check_locks lock-errors "misuse has codes of its own" {
    set codes [list [fails {$lock unlock}] [fails {$lock repaired}] [fails {$semaphore release}]]
    $lock lock
    lappend codes [fails {$lock lock}] [fails {$lock lock 5}] [$lock try_lock] [fails {polyshm::Lock attach ${prefix}e}] \
        [fails {polyshm::Lock attach ${prefix}a}] [fails {polyshm::ShareableList attach ${prefix}l}] \
        [fails {polyshm::Lock create ${prefix}l}] [fails {polyshm::Lock attach ${prefix}none}]
    shell "printf '\\002' | dd of=/dev/shm/${prefix}l bs=1 seek=12 conv=notrunc status=none"
    lappend codes [fails {polyshm::Lock attach ${prefix}l}]
} {{POLYSHM NOT_OWNER} {POLYSHM NOT_OWNER} {POLYSHM NOT_OWNER} {POLYSHM DEADLOCK} {POLYSHM DEADLOCK} 0 {POLYSHM KIND} {POLYSHM KIND}\
       {POLYSHM KIND} {POSIX EEXIST} {POSIX ENOENT} {POLYSHM INCOMPATIBLE}}

check_locks lock-words "a wrong number of words, an option or a method that there is not" {
    set told {}
    foreach call {{$lock lock 1 2} {$lock unlock 1} {$lock try_lock 1} {$semaphore acquire 1 2} {$event wait 1 2} {$view wait 0} {$view notify}
                  {$view compare_exchange 0 1} {$view and 0} {polyshm::Lock attach} {polyshm::Event unlink} {polyshm::with lock $lock}
                  {polyshm::Semaphore create -permits 1} {polyshm::Lock attach x -readonly 1} {polyshm::Event open x -count 1}
                  {polyshm::Lock new} {polyshm::with x $lock -wait 1 {}} {polyshm::with x $event -timeout 1 {}}} {
        lappend told [string map [list $lock LOCK $semaphore SEMAPHORE $event EVENT $view VIEW {wrong # args: should be } {}] [says $call]]
    }
    join $told \n
} {"LOCK lock ?timeout?"
"LOCK unlock"
"LOCK try_lock"
"SEMAPHORE acquire ?timeout?"
"EVENT wait ?timeout?"
"VIEW wait index expected ?timeout?"
"VIEW notify index ?count?"
"VIEW compare_exchange index expected replacement"
"VIEW and index value"
"polyshm::Lock attach name ?arg ...?"
"polyshm::Event unlink name"
"polyshm::with varName object ?-timeout seconds? script"
unknown option "-permits": the options are -count, -mode, -exclusive, -any_owner
unknown option "-readonly": the options are -any_owner, -timeout
unknown option "-count": the options are -mode, -any_owner
unknown subcommand "new": must be attach, create, open, or unlink
unknown option "-wait": the options are -timeout
with: -timeout is for Lock and Semaphore, not for Event}

check_locks lock-unnamed "without a name they get one each" {
    set found {}
    foreach class {Lock Semaphore Event} {
        set other [polyshm::$class create -mode 0660]
        lappend found [string match psm_* [$other name]] [string match ::polyshm::${class}* $other]
        $other unlink
        lappend found [fails {polyshm::$class attach [$other name]}]
        $other destroy
    }
    lsort -unique $found
} {1 {POSIX ENOENT}}

# ---- with, for what is acquired ----

check_locks with-lock "the variable says how it was acquired; the object is released and left open" {
    set other [polyshm::Lock attach ${prefix}l]
    set found [list [polyshm::with outcome $lock {list $outcome [$lock owned] [$other try_lock]}] [$lock owned]]
    $other lock
    $other destroy
    lappend found [polyshm::with outcome $lock {set outcome}] [polyshm::with outcome $lock {$lock repaired}] \
        [polyshm::with outcome $lock {set outcome}] [$lock closed]
    lappend found [polyshm::with outcome $semaphore {list $outcome [$semaphore value]}] [$semaphore value]
} {{locked 1 0} 0 recovered {} locked 0 {1 1} 2}

check_locks with-lock-timeout "not in time: 0, and the script is not run" {
    set other [polyshm::Lock attach ${prefix}l]
    $other lock
    set ran 0
    set in_time [takes 50 5000 {set result [polyshm::with outcome $lock -timeout 0.05 {incr ran}]}]
    set found [list $in_time $outcome $ran $result [$lock owned]]
    polyshm::with outcome $lock -timeout 0 {incr ran}
    $other destroy
    polyshm::with outcome $lock -timeout {} {incr ran}
    lappend found $outcome $ran
    $semaphore acquire
    $semaphore acquire
    polyshm::with outcome $semaphore -timeout 0.01 {incr ran}
    lappend found $outcome $ran [fails {polyshm::with outcome $lock -timeout -1 {incr ran}}] \
        [fails {polyshm::with outcome $lock -timeout x {incr ran}}] $ran [$lock locked]
} {1 0 0 {} 0 recovered 1 0 1 {POLYSHM RANGE} {POLYSHM TYPE} 1 0}

check_locks with-lock-ends "it unlocks however the script ends" {
    proc returns {lock} {
        polyshm::with outcome $lock {
            return [list returned [$lock owned]]
        }
        return "went on"
    }
    set ends [list [returns $lock] [$lock locked]]
    foreach turn {1 2 3} {
        polyshm::with outcome $lock {
            if {$turn == 1} continue
            if {$turn == 2} break
        }
    }
    lappend ends $turn [$lock locked]
    lappend ends [catch {polyshm::with outcome $lock {error oops info {A CODE}}} message options] $message [dict get $options -errorcode]
    lappend ends [$lock locked] [catch {polyshm::with outcome $lock {return -code 42 odd}} message] $message [$lock locked]
    lappend ends [catch {polyshm::with outcome $semaphore {no-such-command}}] [$semaphore value]
    lappend ends [catch {polyshm::with outcome $lock "\{"}] [$lock locked]
} {{returned 1} 0 2 0 1 oops {A CODE} 0 2 odd 0 1 2 1 0}

check_locks with-lock-trace "an error says where" {
    catch {polyshm::with outcome $lock {
        set x 1
        error oops
    }}
    regexp {\("polyshm::with" body line 3\)} $::errorInfo
} 1

check_locks with-lock-released "what the script has released or closed itself is left as it is, and no error is hidden" {
    set found [list [polyshm::with outcome $lock {$lock unlock; lindex unlocked}] [polyshm::with outcome $semaphore {$semaphore release; lindex released}]]
    lappend found [catch {polyshm::with outcome $lock {$lock unlock; error oops}} message] $message
    lappend found [polyshm::with outcome $lock {$lock close; lindex closed}]
    set other [polyshm::Lock attach ${prefix}l]
    lappend found [polyshm::with outcome $other {$other destroy; list destroyed $outcome}]
    set other [polyshm::Lock attach ${prefix}l]
    lappend found [polyshm::with outcome $other {rename $other {}; list deleted $outcome}]
    set other [polyshm::Lock attach ${prefix}l]
    lappend found [polyshm::with outcome $other {rename $other ::renamed; list renamed $outcome}] [::renamed owned]
    ::renamed destroy
    lappend found [catch {polyshm::with outcome $semaphore {$semaphore destroy; error oops}} message] $message
} {unlocked released 1 oops closed {destroyed recovered} {deleted recovered} {renamed recovered} 0 1 oops}

check_locks with-lock-written-over "that somebody has written over the lock is told, but not instead of the script's error" {
    set codes {}
    foreach end {list {error oops}} {
        lappend codes [fails {polyshm::with outcome $lock {
            shell "printf '\\001\\002\\003\\004' | dd of=/dev/shm/${prefix}l bs=1 seek=4096 conv=notrunc status=none"
            eval $end
        }}]
        shell "printf '\\000\\000\\000\\000' | dd of=/dev/shm/${prefix}l bs=1 seek=4096 conv=notrunc status=none"
    }
    set codes
} {{POLYSHM CORRUPT} NONE}

check_locks with-lock-variable "a variable that cannot be set, and one whose trace destroys the lock" {
    array set table {a 1}
    set found [list [catch {polyshm::with table $lock {error unreached}} message] $message [$lock locked]]
    trace add variable traced write [list apply {{lock args} {catch {$lock destroy}}} $lock]
    lappend found [polyshm::with traced $lock {set traced}] [info commands $lock]
} {1 {can't set "table": variable is array} 0 locked {}}

check_locks with-event "an event is closed at its end, as a segment is" {
    polyshm::with e $event {
        $e set
    }
    info commands $event
} {}

check_locks with-lock-coroutine "a coroutine may yield in it; one that is deleted there releases" {
    proc produce {lock} {
        yield
        polyshm::with outcome $lock {
            yield [$lock owned]
            yield still
        }
        return end
    }
    coroutine next produce $lock
    set found [list [next] [next] [$lock locked] [next] [$lock locked]]
    coroutine next produce $lock
    lappend found [next] [$lock locked]
    rename next {}
    lappend found [$lock locked] [$lock lock]
} {1 still 1 end 0 1 1 0 locked}

check_locks with-lock-unwound "interp cancel -unwind and interp limit, which no catch stops, release it" {
    set child [child_with_lock]
    interp alias $child cancel {} interp cancel -unwind $child
    catch {$child eval {catch {polyshm::with outcome $lock {cancel; while 1 {}}}; lindex unreached}} message
    set found [list $message [$lock locked] [$lock lock 10]]
    $lock unlock
    $child limit commands -value [expr {[$child eval {info cmdcount}] + 2000}]
    catch {$child eval {catch {polyshm::with outcome $lock {while 1 {list}}}; lindex unreached}} message
    lappend found $message [$lock locked] [$lock lock 10]
    interp delete $child
    set found
} {{eval unwound} 0 locked {command count limit exceeded} 0 locked}

check_locks with-lock-interp "an interpreter that ends while it holds the lock has abandoned it, but not before the script of with has ended" {
    set child [child_with_lock]
    $child eval {$lock lock}
    set found [list [$lock try_lock]]
    interp delete $child
    lappend found [$lock lock 10]
    $lock repaired
    $lock unlock
    set child [child_with_lock]
    interp alias $child bye {} interp delete $child
    catch {$child eval {polyshm::with outcome $lock {bye}}}
    lappend found [interp exists $child] [$lock lock 10] [objects]
} {0 recovered 0 locked 5}

check_locks with-lock-speed "100 000 times in a row leave nothing behind" {
    $lock lock ;# which maps one page more
    $lock unlock
    set before [maps]
    for {set i 0} {$i < 100000} {incr i} {
        polyshm::with outcome $lock {}
    }
    list [expr {[maps] - $before}] [$lock locked] [objects]
} {0 0 5}

# ---- the lock of a segment ----

check_locks companion "it is one command, which ends with its segment's" {
    set one [$shm lock]
    set found [list [string equal $one [$shm lock]] [string equal [$one name] ${prefix}a.lock] [[$shm lock] lock] [$one owned]]
    $one unlock
    set before [objects]
    $shm destroy
    lappend found [info commands $one] [expr {$before - [objects]}]
} {1 1 locked 1 {} 2}

check_locks companion-ends "destroyed, deleted or closed, it is made anew" {
    set found {}
    foreach end {{$one destroy} {rename $one {}} {$one close}} {
        set one [$shm lock]
        $one lock
        eval $end
        set two [$shm lock]
        lappend found [string equal $one $two] [info commands $one] [$two lock]
        $two unlock
    }
    list $found [objects]
} {{0 {} recovered 0 {} recovered 0 {} recovered} 6}

check_locks companion-closed "a closed segment gives none" {
    set one [$shm lock]
    $shm close
    set found [list [fails {$shm lock}] [$one closed] [$one lock]]
    $shm destroy
    lappend found [info commands $one]
} {{POLYSHM CLOSED} 0 locked {}}

check_locks companion-traces "traces that delete one when the other goes" {
    set one [$shm lock]
    trace add command $one delete [list apply {{shm args} {catch {$shm destroy}}} $shm]
    $one destroy
    set found [list [info commands $shm] [info commands $one]]
    set shm [polyshm::SharedMemory attach ${prefix}a]
    set one [$shm lock]
    trace add command $shm delete [list apply {{one args} {catch {$one destroy}}} $one]
    $shm destroy
    lappend found [info commands $shm] [info commands $one] [objects]
} {{} {} {} {} 4}

check_locks companion-in-with "a script of with that destroys its lock's segment" {
    set one [$shm lock]
    list [polyshm::with outcome $one {$shm destroy; set outcome}] [info commands $one] [objects]
} {locked {} 4}

check_locks companion-interp "the namespace's end takes both along" {
    set child [interp create]
    $child eval [list set name ${prefix}a]
    $child eval {
        package require polyshm
        set shm [polyshm::SharedMemory attach $name]
        [$shm lock] lock
        namespace delete ::polyshm
    }
    set found [[$shm lock] lock 10]
    interp delete $child
    set found
} recovered

# ---- other processes, and their death ----

# Starts a process that acquires something, and gives its channel and id when it has. It ends by itself in a minute.
proc holder {script} {
    set channel [process "$script; puts ready; after 60000; exit"]
    gets $channel line
    if {$line ne "ready"} {
        error "the process says: $line"
    }
    list $channel [pid $channel]
}

proc finish {holder} {
    lassign $holder channel pid
    shell "kill -KILL $pid"
    catch {close $channel}
}

check_locks killed-holds "a lock whose owner is killed: the one who waits is told, and so is every later one until it is repaired" {
    set holder [holder {set lock [polyshm::Lock attach ${prefix}l]; $lock lock}]
    set found [list [$lock locked] [$lock try_lock]]
    shell "sleep 0.2; kill -KILL [lindex $holder 1]" &
    lappend found [takes 0 10000 {set outcome [$lock lock 30]}] $outcome [$lock dirty]
    finish $holder
    $lock unlock
    lappend found [polyshm::with outcome $lock {$lock repaired; set outcome}] [$lock lock] [$lock dirty]
} {1 0 1 recovered 1 recovered locked 0}

check_locks killed-permits "a semaphore's permits come back" {
    set holder [holder {set semaphore [polyshm::Semaphore attach ${prefix}s]; $semaphore acquire; $semaphore acquire}]
    set found [list [$semaphore value] [$semaphore try_acquire]]
    shell "sleep 0.2; kill -KILL [lindex $holder 1]" &
    lappend found [$semaphore acquire 30] [$semaphore acquire 30] [$semaphore try_acquire] [$semaphore value]
    finish $holder
    set found
} {0 0 1 1 0 0}

check_locks killed-waits "one that is killed while it waits harms nobody" {
    $lock lock
    set channel [process {set lock [polyshm::Lock attach ${prefix}l]; puts ready; $lock lock 60}]
    gets $channel
    after 100
    finish [list $channel [pid $channel]]
    $lock unlock
    list [$lock lock 10] [$lock dirty]
} {locked 0}

check_locks exit-holds "exit within the script of with abandons the lock; a process that ends after it does not" {
    set found [output {set lock [polyshm::Lock attach ${prefix}l]; polyshm::with outcome $lock {puts $outcome; exit}}]
    lappend found [$lock lock 10]
    $lock repaired
    $lock unlock
    lappend found {*}[output {set lock [polyshm::Lock attach ${prefix}l]; polyshm::with outcome $lock {puts $outcome}}]
    lappend found [$lock lock 10]
} {locked recovered locked locked}

check_locks event-process "an event that another process sets, and waits for" {
    set channel [process {
        set event [polyshm::Event attach ${prefix}e]
        set back [polyshm::Event create ${prefix}back]
        puts ready
        puts [$event wait 30]
        $back set
    }]
    gets $channel
    set back [polyshm::Event attach ${prefix}back]
    set found [list [$back wait 0]]
    $event set
    lappend found [$back wait 30] [gets $channel]
    close $channel
    $back destroy
    set found
} {0 1 1}

check_locks fork "a child of fork owns nothing, and waits for its parent; killed while it owns the lock, it is told of" tclx {
    output {
        package require Tclx
        set lock [polyshm::Lock attach ${prefix}l]
        set event [polyshm::Event attach ${prefix}e]
        polyshm::with outcome $lock {
            set child [fork]
            if {$child == 0} {
                puts "[$lock owned] [catch {$lock unlock} message options] [dict get $options -errorcode] [$lock try_lock]"
                $event set
                puts [$lock lock 30]
                kill SIGKILL [id process]
            }
            $event wait 30
            after 100
        }
        wait $child
        puts [$lock lock 30]
        $lock repaired
        $lock unlock
        if {[set child [fork]] == 0} {
            polyshm::with outcome $lock {puts $outcome}
            kill SIGKILL [id process]
        }
        wait $child
        puts [$lock lock 30]
    }
} {{0 1 POLYSHM NOT_OWNER 0} locked recovered locked locked}

check_locks fork-within "with does nothing at its end in a child that was forked within it" tclx {
    output {
        package require Tclx
        set lock [polyshm::Lock attach ${prefix}l]
        polyshm::with outcome $lock {
            set child [fork]
            if {$child} {
                wait $child
            }
        }
        if {$child == 0} {
            puts "child [$lock locked] [$lock owned]"
            kill SIGKILL [id process]
        }
        puts "parent [$lock locked] [$lock lock]"
    }
} {{child 1 0} {parent 0 locked}}

check_locks lock-core "the module's own commands do as the methods do, and make as many objects as they are asked for" {
    set one [::polyshm::core::SharedMemory_lock $shm]
    set two [::polyshm::core::SharedMemory_lock $shm]
    set found [list [::polyshm::core::Lock_lock $one] [::polyshm::core::Lock_lock $lock 0] [$two owned]]
    $one destroy
    lappend found [$two closed]
    $two destroy
    lappend found [objects]
} {locked locked 1 1 5}

# Several in turn, as the system gives a thread's memory to the next one.
check_locks lock-thread-end "a thread that ends while it owns the lock is dead for it" thread {
    set found {}
    for {set i 0} {$i < 5} {incr i} {
        set thread [thread::create -joinable]
        thread::send -async $thread [list apply {{name} {
            package require polyshm
            [polyshm::Lock attach $name] lock
            thread::unwind
        }} ${prefix}l]
        thread::join $thread
        lappend found [$lock owned] [$lock lock 20]
        $lock repaired
        $lock unlock
    }
    set found
} {0 recovered 0 recovered 0 recovered 0 recovered 0 recovered}

end_tests
