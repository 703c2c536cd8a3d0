# Lifetime in Tcl: the object's command and its ends, with, and interpreters that end.
source [file join [file dirname [info script]] support.tcl]

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

# ---- with ----

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

# ---- interpreters ----

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

end_tests
