# Views in Tcl: each, coroutines, numbers from literals and from expr, memory that does not suffice.
source [file join [file dirname [info script]] support.tcl]

# ---- loops ----

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

# A word with a number's text, and nothing of the number itself.
proc text {number} {
    string range "$number " 0 end-1
}

check numbers-text "a float's text reads back as the same bits: powers of two, where Tcl itself errs, and any others" {
    expr {srand(1)}
    set patterns {}
    for {set exponent 0} {$exponent < 2047} {incr exponent} {
        lappend patterns [expr {$exponent << 52}] [expr {($exponent << 52) - (1 << 63)}]
    }
    for {set bit 0} {$bit < 52} {incr bit} {
        lappend patterns [expr {1 << $bit}]
    }
    while {[llength $patterns] < 10000} {
        set pattern [expr {(int(rand() * 2047) << 52) + (int(rand() * (1 << 26)) << 26) + int(rand() * (1 << 26))}]
        lappend patterns $pattern
    }
    polyshm::with long [polyshm::SharedMemory create ${prefix}t -size 80000] {
        set bits [$long view int64]
        set floats [$long view float64]
        $bits assign $patterns
        set items [polyshm::ShareableList create ${prefix}l [lrepeat 1 {float 0}]]
        set texts [lmap number [$floats list] {text $number}]
        set differing {}
        set i 0
        foreach pattern $patterns one $texts {
            set two [text [$floats get $i]]
            $items set 0 [$floats get $i]
            set three [text [$items get 0]]
            set four [text [lindex [$items items] 0 1]]
            foreach text [list $one $two $three $four] {
                $floats set $i $text
                if {[$bits get $i] != $pattern} {
                    lappend differing "$text for $pattern"
                    $bits set $i $pattern
                }
            }
            incr i
        }
        set narrow [$long view float32 -count 254]
        $narrow assign [lmap exponent [lrepeat 254 0] {expr {2.0 ** ([incr n] - 127)}}]
        set values [$narrow list]
        $narrow assign [lmap number $values {text $number}]
        foreach before $values after [$narrow list] {
            if {$before != $after} {
                lappend differing "$after for $before"
            }
        }
        foreach object [list $bits $floats $items $narrow] {
            $object destroy
        }
    }
    list [llength $differing] [lrange $differing 0 3]
} {0 {}}

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

end_tests
