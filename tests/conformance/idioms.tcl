# What is Tcl's own in the Tcl binding: error codes, scopes, object commands, byte arrays, octal modes, interpreters, threads,
# coroutines, and words that are no objects. idioms.tcl
package require tcltest 2
package require polyshm
namespace import ::tcltest::test

::tcltest::configure -verbose {body error line skip}
::tcltest::testConstraint thread [expr {![catch {package require Thread}]}]
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

# ---- waits ----

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
