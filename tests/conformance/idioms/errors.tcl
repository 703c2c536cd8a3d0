# Errors in Tcl: error codes, the words of messages, words that are no objects, and hostile ones.
source [file join [file dirname [info script]] support.tcl]

check error-posix "try traps a failure of the system by its name" {
    try {
        polyshm::SharedMemory create ${prefix}a
    } trap {POSIX EEXIST} {message} {
        string map [list $prefix {}] $message
    }
} {create "a": the name already exists: attach or open it, or unlink it first}

check error-misuse "and misuse by polyshm's" {
    $shm close
    try {
        $shm read 0 1
    } trap {POLYSHM CLOSED} {} {
        lindex trapped
    }
} trapped

check error-as-tcl "the error code is the one that Tcl's own commands give" {
    catch {open /dev/shm/${prefix}none}
    set tcl $errorCode
    catch {polyshm::SharedMemory attach ${prefix}none}
    string equal $errorCode $tcl
} 1

check error-count "a wrong number of words is told as Tcl does, in the user's words" {
    set told {}
    foreach call {{$shm} {$shm read 1 2 3} {$shm size 1} {$shm copy} {$shm view} {$shm destroy 1} {$view get} {$view list 1 2 3}
                  {$view each x} {$view assign} {polyshm::SharedMemory attach}} {
        lappend told [expr {[fails $call] eq {TCL WRONGARGS}}]
        lappend told [string map [list $shm SHM $view VIEW {wrong # args: should be } {}] [says $call]]
    }
    join $told \n
} [join [lmap usage {{SHM method ?arg ...?} {SHM read ?offset? ?length?} {SHM size}
                     {SHM copy source ?offset? ?length? ?source_offset?} {SHM view dtype ?arg ...?} {SHM destroy}
                     {VIEW get index} {VIEW list ?index? ?count?} {VIEW each varName script} {VIEW assign elements ?index?}
                     {polyshm::SharedMemory attach name ?arg ...?}} {
    format "1\n\"%s\"" $usage
}] \n]

check error-own-count "a wrong call in a user's own proc, within each, is left as it is" {
    proc own {a} {}
    says {$view each x {own}}
} {wrong # args: should be "own a"}

check error-method "an unknown method lists the known ones" {
    set message [says {$shm sise}]
    expr {[regexp {^bad method "sise": must be [a-z_]+, .*, or [a-z_]+$} $message] && [regexp {\ysize,.*\ycopy,} $message]
          && [regexp {\yview\y} $message]}
} 1

check error-exact "methods are not abbreviated" {
    fails {$shm siz}
} {TCL LOOKUP}

check error-option "an unknown option, one without its value, and one of the wrong kind" {
    list [fails {polyshm::SharedMemory create ${prefix}b -sise 1}] [says {polyshm::SharedMemory create ${prefix}b -sise 1}] \
        [fails {polyshm::SharedMemory create ${prefix}b -size}] [says {$shm view int8 -offset}] \
        [fails {polyshm::SharedMemory attach ${prefix}a -readonly maybe}] [fails {polyshm::SharedMemory create -size}]
} {{POLYSHM ARGUMENT} {unknown option "-sise": the options are -size, -mode, -exclusive, -any_owner} {POLYSHM ARGUMENT}\
       {option "-offset" needs a value} {POLYSHM TYPE} {POLYSHM ARGUMENT}}

check error-element "a bad element is named" {
    says {$view assign {1 2 x}}
} {element 2: float64 needs a number, not text}

check error-list "a list that is none" {
    list [fails {$view assign "\{"}] [$view list 0 1]
} {{POLYSHM TYPE} 0.0}

# ---- words that are no objects, and hostile ones ----

check forged "a word that is no object is TYPE, and no command is called to find out" {
    set ::called 0
    proc ::polyshm::SharedMemory0 {args} {incr ::called}
    proc ::_deadbeef_p_polyshm_segment {args} {incr ::called}
    set codes {}
    foreach word [list _deadbeef_p_polyshm_segment _0000000000000000_p_polyshm_segment NULL {} 0 {a b} puts exit \
                      ::polyshm::SharedMemory0 ::polyshm::SharedMemory SharedMemory $view ${shm}x [list $shm] "$shm " \0] {
        if {$word ne $shm} {
            lappend codes [fails {$shm copy $word}] [fails {::polyshm::core::SharedMemory_size $word}] \
                [fails {::polyshm::core::destroy $word}] [fails {polyshm::with x $word {}}]
        }
    }
    rename ::polyshm::SharedMemory0 {}
    rename ::_deadbeef_p_polyshm_segment {}
    set view2 [$shm view int8] ;# one of the words was $view, and destroy takes every class
    $view2 destroy
    list [lsort -unique $codes] $::called
} {{{POLYSHM TYPE} {no error: }} 0}

check forged-swig "SWIG's own ways to an object are closed" {
    list [info commands ::polyshm::core::SharedMemory] [info commands ::polyshm::core::View] [info commands ::polyshm::core::delete_*] \
        [fails {$shm cget -this}] [fails {$shm -delete}] [info vars ::swig_runtime_data*]
} {{} {} {} {TCL LOOKUP} {TCL LOOKUP} {}}

check forged-table "a forged address of SWIG's type table is not looked at" {
    set child [interp create]
    set version [$child eval {
        foreach number {2 3 4 5} {
            set ::swig_runtime_data_type_pointer${number}polyshm _efbeadde00000000
        }
        package require polyshm
        polyshm::version
    }]
    interp delete $child
    string equal $version [polyshm::version]
} 1

check forged-class "one class's object is not the other's" {
    list [fails {::polyshm::core::View_get $shm 0}] [fails {::polyshm::core::SharedMemory_close $view}]
} {{POLYSHM TYPE} {POLYSHM TYPE}}

check forged-shared "a word that was used as a list, a number and a command is still checked" {
    set word [string cat $shm]
    llength $word
    $word size
    $shm destroy
    list [fails {$word size}] [fails {::polyshm::core::SharedMemory_size $word}]
} {{TCL LOOKUP} {POLYSHM TYPE}}

check hostile "every method with every kind of word: an error with a code, or a result, and never a crash" {
    set words [list {} -1 2147483648 9223372036854775807 9223372036854775808 1.5 NaN -Inf 12 0x10 true abc {a b c} \0 \u20ac -offset \
                   int8 float64 _deadbeef_p_polyshm_segment NULL $shm $view]
    set calls 0
    set codes {}
    foreach object [list $shm $view] {
        catch {$object ?} message
        regexp {must be (.*)$} $message {} methods
        foreach method [string map {, {} { or} {}} $methods] {
            if {$method in {unlink close destroy resize}} {
                continue ;# 2147483648 is a size
            }
            set arguments {{}}
            foreach one $words {
                lappend arguments [list $one]
                foreach two $words {
                    lappend arguments [list $one $two]
                    foreach three [lrange $words 0 8] {
                        lappend arguments [list $one $two $three]
                    }
                }
            }
            foreach argument $arguments {
                incr calls
                if {[catch {$object $method {*}$argument} result options]} {
                    dict incr codes [lindex [dict get $options -errorcode] 0]
                } elseif {$method eq "view"} {
                    $result destroy
                }
            }
        }
    }
    list [expr {$calls > 50000}] [lsort [dict keys $codes]] [$shm size] [$view count]
} {1 {POLYSHM TCL} 4096 100}

check hostile-closed "and every method of closed objects" {
    $view close
    $shm close
    set codes {}
    foreach call {
        {$shm read} {$shm write 0 a} {$shm fill} {$shm copy $shm} {$shm view int8} {$shm resize 8192} {$shm refresh} {$shm address}
        {$shm get_value int8 0} {$shm set_value int8 0 0} {$view get 0} {$view set 0 0} {$view list} {$view assign 1} {$view fill 0}
        {$view each x {}}
    } {
        lappend codes [fails $call]
    }
    list [lsort -unique $codes] [$shm size] [$view count] [$shm stale]
} {{{POLYSHM CLOSED}} 4096 100 0}

check_locks lock-forged "a word that is no such object is TYPE" {
    set codes {}
    foreach word [list _deadbeef_p_polyshm_lock NULL {} 0 {a b} puts ::polyshm::Lock0 ::polyshm::Lock $shm $view $semaphore $event ${lock}x] {
        foreach call {{::polyshm::core::Lock_lock $word 0} {::polyshm::core::Lock_unlock $word} {::polyshm::core::Lock_owned $word}} {
            lappend codes [fails $call]
        }
    }
    foreach word [list $lock $shm $view $event nothing] {
        lappend codes [fails {::polyshm::core::Semaphore_acquire $word 0}] [fails {::polyshm::core::Semaphore_release $word}]
    }
    foreach word [list $lock $shm $view $semaphore nothing] {
        lappend codes [fails {::polyshm::core::Event_wait $word 0}] [fails {::polyshm::core::Event_set $word}]
    }
    lappend codes [fails {::polyshm::core::View_wait $lock 0 0 0}] [fails {::polyshm::core::SharedMemory_lock $lock}] [fails {$shm copy $lock}]
    $lock destroy
    lappend codes [fails {::polyshm::core::Lock_lock $lock}] [fails {polyshm::with outcome $lock {}}]
    list [lsort -unique $codes] [info commands ::polyshm::core::Lock] [info commands ::polyshm::core::Semaphore] \
        [info commands ::polyshm::core::Event] [fails {$lock lock}]
} {{{POLYSHM TYPE}} {} {} {} {TCL LOOKUP}}

check_locks lock-hostile "every method with every kind of word: an error with a code, or a result, and never a crash" {
    set words [list {} -1 2147483648 9223372036854775807 9223372036854775808 1.5 NaN -Inf 12 0x10 true abc {a b c} \0 \u20ac -timeout \
                   _deadbeef_p_polyshm_lock NULL $shm $view $lock $semaphore $event]
    set numbers [$shm view int32]
    set many [polyshm::Semaphore create ${prefix}many -count 1024]
    set calls {}
    # A wait for what does not come would not end, so all waits find what they wait for: permits, the flag, another element.
    $event set
    $numbers fill 77
    foreach {object methods} [list $lock {lock try_lock unlock owned locked dirty repaired name stale closed} \
                                  $many {acquire try_acquire release count value name stale closed} $event {set wait is_set name stale closed} \
                                  $numbers {wait load notify} $numbers {store add sub and or xor exchange compare_exchange}] {
        foreach method $methods {
            lappend calls [list $object $method]
            foreach one $words {
                lappend calls [list $object $method $one]
                foreach two $words {
                    lappend calls [list $object $method $one $two] [list $object $method 0 $one $two]
                }
            }
        }
    }
    foreach one $words {
        foreach object [list $lock $many $numbers $one] {
            lappend calls [list polyshm::with x $object -timeout $one {}] [list polyshm::with x $lock $one 1 {}]
        }
        foreach {class name} {Lock l Semaphore s Event e} {
            foreach verb {create attach open} {
                foreach option {-mode -count -any_owner -timeout -exclusive} {
                    lappend calls [list polyshm::$class $verb ${prefix}$name $option $one]
                }
                lappend calls [list polyshm::$class $verb ${prefix}$name $one] [list polyshm::$class $verb ${prefix}/$one]
            }
        }
    }
    set codes {}
    set before [objects]
    foreach call $calls {
        if {[catch $call result options]} {
            dict incr codes [lindex [dict get $options -errorcode] 0]
        } elseif {[string match {polyshm::[A-Z]*} $call]} {
            $result destroy
        }
    }
    set found [list [expr {[llength $calls] > 20000}] [lsort [dict keys $codes]] [$lock closed] [$numbers count] [expr {[objects] - $before}]]
    $many destroy
    catch {$numbers destroy}
    set found
} {1 {POLYSHM POSIX TCL} 0 1024 0}

check_locks lock-hostile-closed "every method of closed objects" {
    set numbers [$shm view int32]
    foreach object [list $lock $semaphore $event $numbers] {
        $object close
    }
    set codes {}
    foreach call {
        {$lock lock} {$lock lock 0} {$lock try_lock} {$lock unlock} {$lock owned} {$lock locked} {$lock dirty} {$lock repaired}
        {polyshm::with outcome $lock {}} {$semaphore acquire} {$semaphore try_acquire} {$semaphore release} {$semaphore value}
        {polyshm::with outcome $semaphore -timeout 1 {}} {$event set} {$event clear} {$event is_set} {$event wait} {$event wait 0}
        {$numbers load 0} {$numbers store 0 1} {$numbers add 0 1} {$numbers sub 0 1} {$numbers and 0 1} {$numbers or 0 1} {$numbers xor 0 1}
        {$numbers exchange 0 1} {$numbers compare_exchange 0 1 1} {$numbers wait 0 0} {$numbers notify 0}
    } {
        lappend codes [fails $call]
    }
    $numbers destroy
    list [lsort -unique $codes] [$lock closed] [$lock name] [$semaphore count] [$event stale]
} [list {{POLYSHM CLOSED}} 1 ${prefix}l 2 0]

end_tests
