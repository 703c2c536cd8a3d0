# What is Tcl's own in the Tcl binding: error codes, scopes, object commands, byte arrays, octal modes, waits, interpreters,
# threads, processes, coroutines, and words that are no objects. idioms.tcl
package require tcltest 2
package require polyshm
namespace import ::tcltest::test

::tcltest::configure -verbose {body error line skip}
::tcltest::testConstraint thread [expr {![catch {package require Thread}]}]
# TclX has signals and fork: it is loaded only into processes of their own. Debian has it for Tcl 8.6 alone.
catch {package require this-looks-for-all-packages}
::tcltest::testConstraint tclx [llength [package versions Tclx]]
# Under valgrind or ASan a limit on memory is a limit on the tool.
::tcltest::testConstraint native [expr {![info exists env(LD_PRELOAD)]}]

set prefix idioms-tcl-[pid]-

# check NAME DESCRIPTION ?CONSTRAINT? BODY RESULT: a test that has $shm, a segment of 4096 bytes, and $view, its first 100
# float64. What it makes besides it must destroy.
proc check {name description args} {
    global prefix errorCode
    test $name $description -constraints [lrange $args 0 end-2] -setup {
        set shm [polyshm::SharedMemory create ${prefix}a -size 4096]
        set view [$shm view float64 -count 100]
    } -body [lindex $args end-1] -cleanup {
        catch {polyshm::core::destroy $view}
        catch {polyshm::core::destroy $shm}
        shell "rm -f /dev/shm/$prefix*"
    } -result [lindex $args end]
}

# A tool that is loaded into this interpreter, as ASan is, is not for the commands. Tcl 9's own glob fails over any name in
# /dev/shm that is not UTF-8, whoever made it.
proc shell {command args} {
    exec env -u LD_PRELOAD sh -c $command {*}$args
}

# How many names of this run are in /dev/shm.
proc names {} {
    shell "find /dev/shm -maxdepth 1 -name '$::prefix*' | wc -l"
}

# The error code of a script that must fail, without the system's words.
proc fails {script} {
    if {![catch {uplevel 1 $script} result options]} {
        return "no error: $result"
    }
    lrange [dict get $options -errorcode] 0 1
}

# The message of a script that must fail.
proc says {script} {
    if {![catch {uplevel 1 $script} result]} {
        return "no error: $result"
    }
    return $result
}

# How many segments this process has mapped; a new one's mapping does not show its name.
proc maps {} {
    set channel [open /proc/self/maps]
    set lines [split [read $channel] \n]
    close $channel
    llength [lsearch -all $lines */dev/shm/*]
}

# How many objects there are in this interpreter.
proc objects {} {
    llength [info commands {::polyshm::*[0-9]}]
}

# ---- errors ----

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
    regexp {^bad method "sise": must be copy, .*size.*, or lock$} [says {$shm sise}]
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

# ---- the object's command ----

check command-name "its name is readable, and never used twice" {
    $shm destroy
    set next [polyshm::SharedMemory attach ${prefix}a]
    set names [list [string match ::polyshm::SharedMemory\[0-9\]* $next] [string equal $next $shm] [fails {$shm size}]]
    $next destroy
    set names
} {1 0 {TCL LOOKUP}}

check command-taken "a user's command of that name stays" {
    regexp {\d+$} $view number
    incr number
    proc ::polyshm::SharedMemory$number {} {return mine}
    set next [polyshm::SharedMemory attach ${prefix}a]
    set found [list [::polyshm::SharedMemory$number] [$next size]]
    $next destroy
    rename ::polyshm::SharedMemory$number {}
    set found
} {mine 4096}

check command-close "close keeps the command, destroy deletes it" {
    $shm close
    $shm close
    set closed [$shm closed]
    $shm destroy
    list $closed [info commands $shm] [$view closed]
} {1 {} 1}

check command-rename "a renamed command is the same object, also for its options" {
    rename $shm ::renamed
    ::renamed write 0 hello
    set found [list [::renamed read 0 5] [string length [::renamed read]]]
    ::renamed destroy
    lappend found [info commands ::renamed] [objects]
} {hello 4096 {} 1}

check command-delete "deleting the command gives the handle back; the name stays, and so does a view" {
    rename $shm {}
    $view set 0 2.5
    set found [list [maps] [$view get 0]]
    rename $view {}
    lappend found [maps] [file exists /dev/shm/${prefix}a]
} {1 2.5 0 1}

check command-namespace "relative names mean what they mean to the caller" {
    namespace eval ::elsewhere {
        proc run {shm} {
            rename $shm ::elsewhere::mine
            rename [polyshm::SharedMemory create -size 8] ::elsewhere::other
            other write 0 abcdefgh
            mine copy other 0
            set found [list [mine read 0 8] [mine read 4090]]
            mine copy other 8 4 4
            lappend found [mine read 8 4]
            other unlink
            other destroy
            return $found
        }
    }
    set found [::elsewhere::run $shm]
    namespace delete ::elsewhere
    lappend found [objects]
} [list abcdefgh [string repeat \0 6] efgh 1]

check command-alias "an alias and an ensemble call the object; as an argument only the command itself is one" {
    interp alias {} ::alias {} $shm
    set other [polyshm::SharedMemory create -size 8]
    $other unlink
    set found [list [alias read 0 1] [fails {alias read 1 2 3}] [fails {$other copy alias}]]
    $other destroy
    interp alias {} ::alias {}
    set found
} [list \0 {TCL WRONGARGS} {POLYSHM TYPE}]

check command-trace "a trace on the deletion can still call the object" {
    set seen {}
    trace add command $shm delete {apply {{shm args} {set ::seen [$shm size]}}}
    $shm destroy
    set ::seen
} 4096

check command-in-method "an object that is destroyed by its own method's script" {
    set count 0
    $view each x {
        incr count
        catch {$view destroy}
        catch {$shm destroy}
    }
    list $count [objects]
} {100 0}

check command-namespace-delete "deleting the namespace gives everything back" {
    set child [interp create]
    set found [$child eval [list set name ${prefix}a]]
    $child eval {
        package require polyshm
        set shm [polyshm::SharedMemory attach $name]
        set view [$shm view int8]
        trace add command $view delete {apply {args {catch {polyshm::SharedMemory attach $::name}}}}
        namespace delete ::polyshm
    }
    set left [maps]
    interp delete $child
    list $left [maps]
} {1 1}

# ---- words that are no objects ----

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

# ---- scopes and loops ----

check with-ends "with destroys its object however the script ends" {
    proc returns {name} {
        polyshm::with shm [polyshm::SharedMemory attach $name] {
            return [list returned [$shm size]]
        }
        return "went on"
    }
    set ends [list [returns ${prefix}a] [objects]]
    foreach turn {1 2 3} {
        polyshm::with other [polyshm::SharedMemory attach ${prefix}a] {
            if {$turn == 1} continue
            if {$turn == 2} break
        }
    }
    lappend ends $turn [objects]
    lappend ends [catch {polyshm::with other [polyshm::SharedMemory attach ${prefix}a] {error oops info {A CODE}}} message options]
    lappend ends $message [dict get $options -errorcode] [objects]
    lappend ends [polyshm::with other [polyshm::SharedMemory attach ${prefix}a] {$other name; lindex value}] [objects]
    lappend ends [catch {polyshm::with other [polyshm::SharedMemory attach ${prefix}a] {return -code 42 odd}} message] $message [objects]
} {{returned 4096} 2 2 2 1 oops {A CODE} 2 value 2 2 odd 2}

check with-destroyed "with lets its script destroy the object, and rename it" {
    polyshm::with other [polyshm::SharedMemory attach ${prefix}a] {
        $other destroy
    }
    objects
} 2

check with-view "with takes views, too, and closes them" {
    set other [$shm view int16]
    polyshm::with v $other {
        $v set 0 7
    }
    list [objects] [$shm get_value int16 0]
} {2 7}

check with-relative "with takes a relative name" {
    rename $shm ::relative
    polyshm::with r relative {
        set size [$r size]
    }
    list $size [info commands ::relative]
} {4096 {}}

check each-codes "each is foreach: break, continue, return, several variables" {
    proc find {view wanted} {
        $view each x {
            if {$x == $wanted} {
                return found
            }
        }
        return missing
    }
    $view assign {0 1 2 3 4 5}
    set seen {}
    $view each x {
        if {$x == 1} continue
        if {$x == 4} break
        lappend seen $x
    }
    set pairs 0
    $view each {a b} {
        incr pairs
    }
    list $seen $pairs [find $view 3] [find $view 77] [catch {$view each x {error oops}} message] $message
} {{0.0 2.0 3.0} 50 found missing 1 oops}

check each-snapshot "each goes over what was there at its start" {
    $view assign {1 2 3}
    set sum 0
    $view each x {
        set sum [expr {$sum + $x}]
        $view fill 100
    }
    list $sum [$view get 0]
} {6.0 100.0}

check each-yields "a coroutine may yield in each and in with" {
    proc produce {name} {
        yield
        polyshm::with shm [polyshm::SharedMemory attach $name] {
            polyshm::with v [$shm view float64 -count 3] {
                $v each x {
                    yield $x
                }
            }
        }
        return end
    }
    $view assign {1 2 3}
    coroutine next produce ${prefix}a
    set seen [list [next] [next] [next] [next]]
    lappend seen [objects]
} {1.0 2.0 3.0 end 2}

check foreach-list "foreach over list" {
    $view assign {1 2 3}
    set sum 0
    foreach x [$view list 0 3] {
        set sum [expr {$sum + $x}]
    }
    set sum
} 6.0

# ---- bytes ----

check bytes-binary "byte arrays go in and out as they are" {
    set bytes [binary format c* [lmap i [lrepeat 256 0] {incr n}]]
    $shm write 7 $bytes
    set back [$shm read 7 256]
    list [string equal $back $bytes] [string length $back] [binary scan $back H4 hex] $hex
} {1 256 1 0102}

check bytes-text "text of characters up to U+00FF is bytes, whatever was done to it before" {
    set text "caf\u00e9"
    string length $text
    $shm write 0 $text
    $shm write 8 [encoding convertto utf-8 $text]
    binary scan [$shm read 0 4][$shm read 8 5] H* hex
    set hex
} 636166e9636166c3a9

check bytes-wide "a character above U+00FF is no byte, also where Tcl has made a byte array of it already" {
    set text "a\u20ac"
    catch {binary scan $text H* hex}
    list [fails {$shm write 0 $text}] [fails {$shm write 0 "\u0100"}] [$shm read 0 2]
} [list {POLYSHM TYPE} {POLYSHM TYPE} \0\0]

check bytes-number "a number is written as its text" {
    $shm write 0 [expr {6 * 7}]
    $shm read 0 2
} 42

check bytes-offset "one word as offset and as data" {
    set word 5
    $shm write $word $word
    $shm read 5 1
} 5

check bytes-rest "what is left out is the rest" {
    list [string length [$shm read]] [string length [$shm read 4000]] [string length [$shm read 4096]] [llength [$view list 90]] \
        [fails {$shm read 4097}] [fails {$shm read -1}] [fails {$shm read 0 {}}] [fails {$shm read 9223372036854775808}]
} {4096 96 0 10 {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM TYPE} {POLYSHM RANGE}}

# ---- numbers ----

check numbers-exact "64 bits are exact, and expr can go on with them" {
    set words [$shm view uint64 -count 2]
    $words assign {18446744073709551615 0}
    $words set 1 [expr {[$words get 0] - 1}]
    set found [list [$words list] [expr {[$words get 0] + 1}]]
    $words destroy
    set found
} {{18446744073709551615 18446744073709551614} 18446744073709551616}

check numbers-computed "computed numbers are taken as literal ones are" {
    set codes {}
    foreach number [list [expr {2**62 * 2}] [expr {-(2**63) - 1}] [expr {2**64}] [expr {-(2**64)}] [expr {3 / 2.0}] [expr {1e300 * 1e300}]] {
        lappend codes [fails {$view get $number}]
    }
    lappend codes [fails {$view get 9223372036854775807}] [fails {$view get [expr {-(2**63)}]}]
} {{POLYSHM RANGE} {POLYSHM RANGE} {POLYSHM RANGE} {POLYSHM RANGE} {POLYSHM TYPE} {POLYSHM RANGE} {POLYSHM INDEX} {POLYSHM INDEX}}

check numbers-int64-edges "no integer wraps into int64 or uint64" {
    set codes {}
    foreach number {9223372036854775808 -9223372036854775809 18446744073709551615 -18446744073709551615 18446744073709551617} {
        lappend codes [fails {$shm set_value int64 0 $number}] [fails {$shm set_value int64 0 [expr {$number}]}]
    }
    foreach number {-1 -9223372036854775808 -9223372036854775809 -18446744073709551615 18446744073709551616} {
        lappend codes [fails {$shm set_value uint64 0 $number}] [fails {$shm set_value uint64 0 [expr {$number}]}]
    }
    list [lsort -unique $codes] [$shm get_value int64 0]
} {{{POLYSHM RANGE}} 0}

check numbers-nan "not a number, infinity and negative zero" {
    $view set 0 NaN
    $view set 1 -Inf
    $view set 2 [expr {-1 * 0.0}]
    $view set 3 1e400
    list [$view get 0] [$view get 1] [$view get 2] [$view get 3] [fails {$view get NaN}]
} {NaN -Inf -0.0 Inf {POLYSHM TYPE}}

check numbers-mode "a mode is octal in every Tcl" {
    set modes {}
    foreach mode [list 0640 0o640 00640 416 [expr {0o640}] 000000000000000000000000000000000640] {
        set other [polyshm::SharedMemory create ${prefix}m -mode $mode]
        $other destroy
        lappend modes [dict get [lsearch -inline [polyshm::segments] *${prefix}m*] mode]
        polyshm::SharedMemory unlink ${prefix}m
    }
    lsort -unique $modes
} 416

check numbers-bad-mode "a mode that is none" {
    set codes {}
    foreach mode {640 01000 0o 08 0o8 0x x {} 1.5 -1 00001000000000000000000000000000} {
        lappend codes [lindex [fails {polyshm::SharedMemory create ${prefix}m -mode $mode}] 1]
    }
    set codes
} {RANGE RANGE TYPE TYPE TYPE TYPE TYPE TYPE TYPE RANGE RANGE}

check numbers-list "1 000 000 elements go into a list and back" {
    polyshm::with long [polyshm::SharedMemory create ${prefix}l -size 8000000] {
        polyshm::with all [$long view float64] {
            set numbers [lmap i [lrepeat 1000000 0] {incr n}]
            $all assign $numbers
            string equal [$all list] [lmap i $numbers {expr {double($i)}}]
        }
    }
} 1

check numbers-memory "what does not fit into memory is an error, where Tcl itself would end the process" native {
    [polyshm::SharedMemory create ${prefix}l -size 67108864] destroy
    set script {
        package require polyshm
        set shm [polyshm::SharedMemory attach %s]
        foreach call {{$shm read} {[$shm view uint8] list} {[$shm view uint8] assign [lrepeat 2 1]}} {
            set errorCode none
            catch {eval $call}
            lappend codes [lindex $errorCode 1]
        }
        puts $codes
    }
    shell {ulimit -v 120000 && exec "$0"} [info nameofexecutable] << [format $script ${prefix}l] 2>@1
} {ENOMEM ENOMEM {}}

check segments "segments are dicts" {
    set found [lsearch -inline [polyshm::segments] *${prefix}a*]
    list [dict keys $found] [string map [list $prefix {}] [dict get $found name]] [dict get $found size] [format %o [dict get $found mode]]
} {{name kind size mode owner} a 4096 600}

check name-text "a name is text: UTF-8 in the file system, whatever the locale" {
    shell "printf data > /dev/shm/'${prefix}\u00e9\u20ac'"
    set other [polyshm::SharedMemory attach ${prefix}\u00e9\u20ac]
    set found [list [string equal [$other name] ${prefix}\u00e9\u20ac] [$other read]]
    $other unlink
    $other destroy
    lappend found [names]
} {1 data 1}

# ---- lists ----

# check_list NAME DESCRIPTION BODY RESULT: a check that has $l, a list with one item of each kind, its text in slots of 16.
proc check_list {name description body result} {
    check $name $description "
        set l \[polyshm::ShareableList create \${prefix}l {
            {int 42} {float 1.5} {bool 1} none {str caf\u00e9} {bytes \u00ff\u0001}
        } -reserve 16]
        catch {$body} result options
        catch {polyshm::core::destroy \$l}
        return -options \$options \$result
    " $result
}

check_list list-kinds "items come back as values, or with their kinds" {
    list [$l list] [$l items] [lmap i {0 1 2 3 4 5} {$l kind $i}]
} [list [list 42 1.5 1 {} caf\u00e9 \u00ff\u0001] [list {int 42} {float 1.5} {bool 1} none [list str caf\u00e9] [list bytes \u00ff\u0001]] \
       {int float bool none str bytes}]

check_list list-again "what items gives makes the same list again" {
    set other [polyshm::ShareableList create ${prefix}m [$l items] -reserve 16]
    $l assign [$other items]
    set same [list [string equal [$other items] [$l items]] [exec cmp /dev/shm/${prefix}l /dev/shm/${prefix}m]]
    $other destroy
    set same
} {1 {}}

check_list list-set "set keeps an item's kind, and changes it if it is told one" {
    $l set 0 7
    $l set 1 2
    $l set 2 no
    $l set 4 12
    $l set 5 34
    set kept [$l items]
    $l set 0 str 12
    $l set 1 bytes 34
    $l set 2 none
    $l set 3 bool false
    $l set 4 none {}
    $l set 5 float -0.0
    list $kept [$l items]
} {{{int 7} {float 2.0} {bool 0} none {str 12} {bytes 34}} {{str 12} {bytes 34} none {bool 0} none {float -0.0}}}

check_list list-set-fails "a set that cannot keep the kind, or hold the value, leaves the item" {
    set before [$l items]
    set codes {}
    foreach words {
        {0 1.5} {0 x} {0 {}} {0 9223372036854775808} {0 99999999999999999999} {1 x} {1 9007199254740993} {2 2} {2 maybe} {2 NaN} {3 x} {4 none} {5 none}
        {5 \u20ac} {4 12345678901234567} {4 str a\u0000} {0 uint 1} {0 {int 1} 1} {0 int {}} {0 none 1} {0 bool {}} {-7 1} {6 1} {x 1}
    } {
        lappend codes [lindex [fails {$l set {*}[subst -nocommands -novariables $words]}] 1]
    }
    list $codes [string equal [$l items] $before]
} {{TYPE TYPE TYPE RANGE RANGE TYPE RANGE TYPE TYPE TYPE TYPE ARGUMENT ARGUMENT TYPE RANGE ARGUMENT TYPE TYPE TYPE TYPE TYPE INDEX INDEX TYPE} 1}

check_list list-words "errors say what is wrong" {
    set told {}
    foreach call {{$l get 6} {$l set 4 12345678901234567} {$l set 0 uint 1} {$l set 0 9223372036854775808} {$l set 3 x} {$l set 4 none}
                  {$l assign {{int 1} 2}} {$l set 0} {$l list 1 2 3} {$l count} {polyshm::ShareableList create}} {
        lappend told [string map [list $prefix {} $l LIST] [says $call]]
    }
    join $told \n
} {get "l": index 6 is outside a list of 6 items, which count from 0
set: item 4: 17 bytes are too long for its slot of 16
"uint" is no item: {int n} {float x} {bool b} {str text} {bytes data} and none are
set: item 0: 9223372036854775808 is outside int64, which a list's integers are
set: the item is none: say of which kind "x" is
set: say "str none" for the word, or "none {}" for no value
item 1: "2" is no item: {int n} {float x} {bool b} {str text} {bytes data} and none are
wrong # args: should be "LIST set index ?kind? value"
wrong # args: should be "LIST list ?index? ?count?"
wrong # args: should be "LIST count kind ?value?"
wrong # args: should be "polyshm::ShareableList create ?name? items ?option value ...?"}

check_list list-no-items "lists that are none, and items that are none" {
    set codes {}
    foreach items [list "\{" 5 {{}} {{int}} {{int 1 2}} {{Int 1}} {{none 1}} {{"}} "{int \{}" {{bool 1.5}} {{float {}}}] {
        lappend codes [lindex [fails {polyshm::ShareableList create ${prefix}m $items}] 1]
    }
    list [lsort -unique $codes] [llength $codes] [file exists /dev/shm/${prefix}m]
} {TYPE 11 0}

check_list list-reserve "reserve is a number, or one for each" {
    set codes {}
    foreach reserve {x 1.5 {1 x} {1 2 3} -1 10000000 9223372036854775808 "\{"} {
        lappend codes [lindex [fails {polyshm::ShareableList create ${prefix}m {{str a} {int 1}} -reserve $reserve}] 1]
    }
    set other [polyshm::ShareableList create ${prefix}m {{str a} {int 1}} -reserve {9 17}]
    lappend codes [$other capacity 0] [$other capacity 1] [$l capacity 0] [$l capacity 4]
    $other destroy
    set codes
} {TYPE TYPE TYPE ARGUMENT RANGE RANGE RANGE TYPE 16 24 8 16}

check_list list-shared-word "one word as bytes, as a number, as text, as an item and as an option" {
    set word 24
    set pair {bytes 24}
    set other [polyshm::ShareableList create ${prefix}m [list [list bytes $word] [list int $word] [list str $word] [list bytes $word] \
                                                             [list bytes $pair] $pair [list str $pair]] -reserve $word]
    set found [list [$other items] [$other capacity 0]]
    $other destroy
    set found
} {{{bytes 24} {int 24} {str 24} {bytes 24} {bytes {bytes 24}} {bytes 24} {str {bytes 24}}} 24}

check_list list-text "text is UTF-8 there: NUL, and what lies above U+FFFF; half a pair is none" {
    set astral [encoding convertfrom utf-8 \xf0\x9f\x98\x80]
    $l set 4 a\u0000\u20ac${astral}z
    set under [$l shm]
    binary scan [$under read 96 16] H* hex
    set found [list [string equal [$l get 4] a\u0000\u20ac${astral}z] $hex [$l index str a\u0000\u20ac${astral}z] [fails {$l set 4 \ud83dx}]]
    $under destroy
    set found
} {1 6100e282acf09f98807a000000000000 4 {POLYSHM ARGUMENT}}

check_list list-long "text and bytes that are longer than a small buffer" {
    set text [string repeat \u20ac 1000]
    set bytes [string repeat \u00ff 3000]
    set other [polyshm::ShareableList create ${prefix}m [list [list str $text] [list bytes $bytes]]]
    set found [list [string equal [$other get 0] $text] [string equal [$other get 1] $bytes] [$other kind 1] \
                   [string equal [$other list] [list $text $bytes]] [$other index bytes $bytes] [$other count str $text]]
    $other set 0 x
    lappend found [$other get 0] [$other list 0 1]
    $other destroy
    set found
} {1 1 bytes 1 1 1 x x}

check_list list-search "count and index tell kinds apart, and numbers by their value only" {
    $l assign {{str 42}} 4
    list [$l count int 42] [$l index float 42] [$l index str 42] [$l index none] [$l index bool 1] [$l count bytes 42] [$l index str {}] \
        [fails {$l count 42}] [fails {$l index none 42}]
} {1 0 4 3 2 0 -1 {POLYSHM TYPE} {POLYSHM TYPE}}

check_list list-each "each is foreach over what was there at its start" {
    set seen {}
    $l each x {
        if {$x eq "1.5"} continue
        if {$x eq ""} break
        lappend seen $x
        $l set 2 0
    }
    set seen
} {42 1}

check_list list-range "parts, from an index on" {
    list [$l list 1 2] [$l items 3 1] [$l list 6] [fails {$l list 7}] [fails {$l list -1}] [fails {$l items 0 7}] [fails {$l list 0 {}}] \
        [fails {$l list 9223372036854775808}]
} {{1.5 1} none {} {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM TYPE} {POLYSHM RANGE}}

check_list list-scope "with closes it; the object of its segment keeps the memory, and closes with the list" {
    polyshm::with other [polyshm::ShareableList attach ${prefix}l -readonly 1] {
        set codes [list [fails {$other set 0 1}] [fails {$other assign {{int 1}}}] [fails {$other set 0 x}] [$other get -6]]
    }
    lappend codes [info commands $other]
    set under [$l shm]
    set other [$l shm]
    rename $l {}
    lappend codes [$under get_value int64 64]
    $under close
    lappend codes [$other closed]
    $under destroy
    $other destroy
    lappend codes [objects]
} {{POLYSHM READONLY} {POLYSHM READONLY} {POLYSHM TYPE} 42 {} 42 1 2}

check_list list-closed "every method of a closed list" {
    $l close
    set codes {}
    foreach call {{$l get 0} {$l set 0 1} {$l set 0 int 1} {$l set 0 none} {$l list} {$l items} {$l assign {{int 1}}} {$l count int 1}
                  {$l index none} {$l kind 0} {$l format} {$l format 0} {$l each x {}} {$l list 0 0}} {
        lappend codes [fails $call]
    }
    list [lsort -unique $codes] [$l length] [$l closed] [$l capacity 4]
} {{{POLYSHM CLOSED}} 6 1 16}

check_list list-objects "an object of another class, and what is no object" {
    set codes {}
    foreach object [list $shm $view _deadbeef_p_polyshm_list {} ::polyshm::ShareableList0 puts] {
        foreach call {{polyshm::core::ShareableList_get $object 0} {polyshm::core::list_set_item $object 0 none}
                      {polyshm::core::ShareableList_list $object 0 1} {polyshm::core::ShareableList_count $object none}} {
            lappend codes [fails $call]
        }
    }
    lappend codes [fails {polyshm::core::View_get $l 0}] [fails {$shm copy $l}]
    list [lsort -unique $codes] [info commands ::polyshm::core::ShareableList]
} {{{POLYSHM TYPE}} {}}

check_list list-not "what is no list" {
    [polyshm::SharedMemory create ${prefix}t -size 8] destroy
    list [fails {polyshm::ShareableList attach ${prefix}t}] [string map [list $prefix {}] [says {polyshm::ShareableList attach ${prefix}t}]]
} {{POLYSHM CORRUPT} {attach "t": it is no list: the shortest list has 16 bytes, and this has 8}}

check_list list-new "CPython's constructor" {
    set made [list [polyshm::ShareableList new -sequence {{int 1}} -name ${prefix}m] [polyshm::ShareableList new -name ${prefix}m] \
                  [polyshm::ShareableList new -sequence {{str a}}] [polyshm::ShareableList new]]
    set found [lmap each $made {$each list}]
    lappend found [fails {polyshm::ShareableList new -sequence {} -name ${prefix}m}] [fails {polyshm::ShareableList new -size 1}]
    [lindex $made 2] unlink
    [lindex $made 3] unlink
    foreach each $made {
        $each destroy
    }
    set found
} {1 1 a {} {POSIX EEXIST} {POLYSHM ARGUMENT}}

check_list list-exclusive "exclusive, open and options" {
    set other [polyshm::ShareableList create ${prefix}l {{int 1}} -exclusive 0]
    set found [list [$other get 0] [fails {polyshm::ShareableList create {{int 1}} -exclusive 0}] \
                   [fails {polyshm::ShareableList create ${prefix}l {{int 1}}}] [says {polyshm::ShareableList open ${prefix}m {} -sise 1}]]
    $other destroy
    set found
} {42 {POLYSHM ARGUMENT} {POSIX EEXIST} {unknown option "-sise": the options are -reserve, -mode, -any_owner}}

# ---- locks, semaphores and events ----

# check_locks NAME DESCRIPTION ?CONSTRAINT? BODY RESULT: a check that has $lock, $semaphore, of two permits, and $event.
proc check_locks {name description args} {
    check $name $description {*}[lrange $args 0 end-2] "
        set lock \[polyshm::Lock create \${prefix}l]
        set semaphore \[polyshm::Semaphore create \${prefix}s -count 2]
        set event \[polyshm::Event create \${prefix}e]
        catch {[lindex $args end-1]} result options
        foreach object \[list \$lock \$semaphore \$event] {
            catch {polyshm::core::destroy \$object}
        }
        return -options \$options \$result
    " [lindex $args end]
}

# Starts a script as a process of its own, with the package and the name prefix; gives a channel to read from.
proc process {script} {
    open |[list [info nameofexecutable] << "package require polyshm; set prefix [list $::prefix]; fconfigure stdout -buffering line
        $script" 2>@stderr]
}

# All that such a script prints, as a list of lines.
proc output {script} {
    set channel [process $script]
    set text [read $channel]
    catch {close $channel}
    split [string trim $text] \n
}

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

# Whether a script takes from $least to less than $most milliseconds.
proc takes {least most script} {
    set start [clock milliseconds]
    uplevel 1 $script
    set took [expr {[clock milliseconds] - $start}]
    expr {$took >= $least && $took < $most}
}

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

check_locks lock-methods "every method is there once, however often the package is loaded" {
    set child [interp create]
    $child eval {package require polyshm}
    interp delete $child
    set twice 0
    foreach object [list $shm $view $lock $semaphore $event] {
        catch {$object ?} message
        regexp {must be (.*)$} $message {} methods
        set methods [string map {, {} { or} {}} $methods]
        incr twice [expr {[llength $methods] - [llength [lsort -unique $methods]]}]
    }
    set twice
} 0

check_locks lock-unnamed "without a name they get one each" {
    set found {}
    foreach class {Lock Semaphore Event} {
        set other [polyshm::$class create -mode 0640]
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

# A child interpreter that has ::lock, on the same lock, and `yes`, which the parent gives it.
proc child_with_lock {} {
    set child [interp create]
    $child eval [list set name ${::prefix}l]
    $child eval {
        package require polyshm
        set lock [polyshm::Lock attach $name]
    }
    return $child
}

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

# ---- atomics ----

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

# ---- other processes, and their death ----

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
} [list "1:lock \"${prefix}l\": the wait was interrupted" 0]

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

# ---- words that are no objects, and hostile ones ----

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

check_locks lock-core "the module's own commands do as the methods do, and make as many objects as they are asked for" {
    set one [::polyshm::core::SharedMemory_lock $shm]
    set two [::polyshm::core::SharedMemory_lock $shm]
    set found [list [::polyshm::core::Lock_lock $one] [::polyshm::core::Lock_lock $lock 0] [$two owned]]
    $one destroy
    lappend found [$two closed]
    $two destroy
    lappend found [objects]
} {locked locked 1 1 5}

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

# ---- interpreters and threads ----

check interp-child "a child interpreter has objects of its own, and they end with it" {
    set child [interp create]
    $child eval [list set name ${prefix}a]
    set found [$child eval {
        package require polyshm
        set shm [polyshm::SharedMemory attach $name]
        set view [$shm view int8]
        $view set 0 5
        list [$view get 0] [llength [info commands $shm]]
    }]
    lappend found [maps] [$shm get_value int8 0] [info commands [$child eval {set shm}]]
    interp delete $child
    lappend found [maps] [file exists /dev/shm/${prefix}a]
} {5 1 2 5 {} 1 1}

check interp-deleted "a child that deletes itself in the middle of a call" {
    set child [interp create]
    $child eval [list set name ${prefix}a]
    $child alias bye interp delete $child
    catch {
        $child eval {
            package require polyshm
            set view [[polyshm::SharedMemory attach $name] view int8]
            $view each x {
                bye
                polyshm::SharedMemory attach $name
            }
        }
    }
    list [interp exists $child] [maps]
} {0 1}

check interp-safe "a safe interpreter cannot load it" {
    set child [interp create -safe]
    set failed [catch {$child eval {package require polyshm}}]
    set failed [expr {$failed && [catch {interp invokehidden $child load [lindex [info loaded {} Polyshm] 0] Polyshm}]}]
    interp delete $child
    set failed
} 1

check threads "threads load it at once, and each has its own objects" thread {
    set threads [lmap i {1 2 3 4} {thread::create -preserved}]
    foreach thread $threads {
        thread::send -async $thread [list apply {{name} {
            package require polyshm
            set shm [polyshm::SharedMemory attach $name]
            for {set i 0} {$i < 200} {incr i} {
                set view [$shm view uint32 -offset 64]
                $view assign {1 2 3}
                $view list
                $view destroy
            }
            catch {$shm siz} message
            return "[$shm size] $message"
        }} ${prefix}a] ::done($thread)
    }
    set found {}
    foreach thread $threads {
        while {![info exists ::done($thread)]} {
            vwait ::done($thread)
        }
        lappend found [string range $::done($thread) 0 20]
        thread::release $thread
    }
    unset ::done
    lsort -unique $found
} {{4096 bad method "siz"}}

check package "the version, and the package's names" {
    set child [interp create]
    set found [$child eval {
        list [string equal [package require polyshm] [polyshm::version]] [lsort [namespace eval ::polyshm {namespace export}]]
    }]
    interp delete $child
    set found
} {1 {Event Lock Semaphore ShareableList SharedMemory page_size segments version with}}

set failed [expr {$::tcltest::numTests(Failed) || !$::tcltest::numTests(Passed) || [names] || [objects]}]
::tcltest::cleanupTests
exit $failed
