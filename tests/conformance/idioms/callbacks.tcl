# Callbacks in Tcl: wherever a call of the module runs a script of somebody's, a trace, a handler or a body, that script closes,
# deletes, renames, or asks again. Nothing is used after it was given back, which the build with ASan sees, and nothing is left.
source [file join [file dirname [info script]] support.tcl]
fconfigure stdout -buffering line

# This is what a callback does to $object, one of the $objects, which are $shm, its lock $one, $view, $list, $lock, $semaphore and $event: each
# line by itself, as some fail.
set actions {
    close {$object close}
    destroy {$object destroy}
    destroy-by-name {polyshm::core::destroy $object}
    delete {rename $object {}}
    rename {
        rename $object ::renamed
        ::renamed closed
    }
    rename-and-destroy {
        rename $object ::renamed
        ::renamed destroy
    }
    use {foreach other $objects {$other closed; $other name}}
    use-options {
        $shm read 8
        $shm fill
        $shm copy $shm 8
        $shm view int8
        $view list
        $view assign {1 2}
        $list items
        $list format
    }
    use-in-with {
        polyshm::with other $object -timeout 0 {$object closed}
        if {![regexp {Lock|Semaphore} $object]} {polyshm::with other $object {$object closed}}
    }
    use-in-each {
        $view each x {$object closed}
        $list each x {$object closed}
    }
    wait {
        $object lock 0
        $object acquire 0
        $object wait 0
        $object wait 0 0 0
        $object resize 8192
    }
    ask-again {
        set again [$shm lock]
        $again lock 0
        $again unlock
    }
    ask-again-and-close {
        [$shm lock] close
        $shm lock
    }
    ask-again-and-destroy {
        [$shm lock] destroy
        $shm lock
        $shm destroy
    }
    close-segment {$shm close}
    destroy-segment {$shm destroy}
    destroy-all {foreach other $objects {catch {$other destroy}}}
    destroy-others {foreach other $objects {if {$other ne $object} {catch {$other destroy}}}}
    make-others {for {set i 0} {$i < 50} {incr i} {polyshm::Event attach ${prefix}e; $shm view int8}}
    delete-namespace {namespace delete ::polyshm}
    delete-interpreter {bye}
    fail {error oops}
}

# This is what runs the callback, each for every object that it is made for. `act` is the callback.
set places {
    delete-trace-destroy {
        trace add command $object delete act
        $object destroy
    }
    delete-trace-by-name {
        trace add command $object delete act
        polyshm::core::destroy $object
    }
    delete-trace-rename {
        trace add command $object delete act
        rename $object {}
    }
    delete-trace-with {
        trace add command $object delete act
        polyshm::with x $object {}
        $object destroy
    }
    delete-trace-in-with {
        trace add command $object delete act
        polyshm::with x $object {$object destroy}
    }
    delete-trace-namespace {
        trace add command $object delete act
        namespace delete ::polyshm
    }
    delete-trace-two {
        trace add command $object delete act
        trace add command $object delete act
        foreach other $objects {catch {$other destroy}}
    }
    delete-trace-of-import {
        namespace eval ::polyshm {namespace export *}
        namespace import $object
        trace add command ::[namespace tail $object] delete act
        $object destroy
    }
    delete-trace-of-replaced-lock {
        trace add command $one delete act
        $one close
        $shm lock
    }
    delete-trace-of-companion {
        trace add command $one delete act
        $shm destroy
    }
    delete-trace-of-segment {
        trace add command $shm delete act
        $one destroy
        $shm destroy
    }
    rename-trace {
        trace add command $object rename act
        rename $object ::elsewhere
        ::elsewhere closed
    }
    enter-trace {
        trace add execution $object enter act
        $object name
        $object list
    }
    leave-trace {
        trace add execution $object leave act
        $object name
        $object read
    }
    variable-trace {
        trace add variable ::x write act
        polyshm::with ::x $object {$object closed}
    }
    variable-trace-each {
        trace add variable ::x write act
        $view each ::x {$view get 0}
    }
    variable-trace-each-item {
        trace add variable ::x write act
        $list each ::x {$list get 0}
    }
    error-trace {
        set ::errorInfo ""
        trace add variable ::errorInfo write act
        trace add variable ::errorCode write act
        catch {polyshm::with x $object {error oops}}
        catch {$object get 100000}
    }
    with-body {
        polyshm::with x $object {act; $object closed}
    }
    with-body-twice {
        polyshm::with x $object {catch {polyshm::with y $object {act}}; act}
    }
    each-body {
        $view each x {act; $view get 0}
    }
    each-item-body {
        $list each x {act; $list get 0}
    }
    coroutine {
        coroutine run apply {{object} {polyshm::with x $object {yield}}} $object
        act
        run
    }
    coroutine-deleted {
        coroutine run apply {{object} {polyshm::with x $object {yield}}} $object
        trace add command run delete act
        rename run {}
    }
}

# Tells which objects a place is for: all, unless it names its own.
proc objects_of {script} {
    expr {[string first {$object} $script] >= 0 ? {shm one view list lock semaphore event} : {shm}}
}

# A child interpreter with the objects and the callback, which acts but once: what it does may call it again. It is the last one, if
# that has survived.
proc child {object action} {
    global child prefix
    if {![info exists child] || ![interp exists $child] || [catch {$child eval polyshm::version}]} {
        if {[info exists child]} {
            catch {interp delete $child}
        }
        set child [interp create]
        $child eval [list set prefix $prefix]
        $child alias bye interp delete $child
        $child eval {package require polyshm}
    }
    $child eval {
        set shm [polyshm::SharedMemory attach ${prefix}a]
        set one [$shm lock]
        set view [$shm view int32 -offset 64 -count 8]
        set list [polyshm::ShareableList attach ${prefix}list]
        set lock [polyshm::Lock attach ${prefix}l]
        set semaphore [polyshm::Semaphore attach ${prefix}many]
        set event [polyshm::Event attach ${prefix}e]
        set objects [list $shm $one $view $list $lock $semaphore $event]
        set acted 0
    }
    $child eval [list set object [$child eval [list set $object]]]
    set commands [list $action]
    if {$action ne "error oops"} {
        set commands [lmap command [split [string trim $action] \n] {list catch [string trim $command]}]
    }
    $child eval [list proc act args "
        if {\[incr ::acted] == 1} {
            foreach variable {shm one view list objects object prefix} {
                upvar #0 \$variable \$variable
            }
            [join $commands \n]
        }
    "]
    return $child
}

# This is what is wrong when the callback has run, or nothing: a segment has one lock, and everything can be destroyed.
proc wrong {child} {
    if {![interp exists $child]} {
        return ""
    }
    set found [$child eval {
        set found {}
        if {!$acted} {
            lappend found "the callback did not run"
        }
        incr acted
        if {![catch {$shm lock} first] && $first ne [$shm lock]} {
            lappend found "the segment forgot its lock"
        }
        catch {rename run {}}
        foreach object [concat [info commands ::polyshm::*\[0-9\]] ::renamed ::elsewhere] {
            catch {$object destroy}
        }
        foreach object [info commands ::polyshm::*\[0-9\]] {
            lappend found "$object is left"
        }
        unset -nocomplain x ::errorInfo ::errorCode
        join $found ", "
    }]
    return $found
}

# Tcl itself crashes, or never ends, with any command: where a trace deletes what is just being renamed, or renames what is just being
# deleted, and where one on the execution of a command deletes the interpreter.
proc is_fatal {place action} {
    switch -glob $place {
        rename-trace {regexp {destroy|delete|with|and-close} $action}
        delete-trace* {string match rename* $action}
        enter-trace - leave-trace {string equal $action delete-interpreter}
        default {lindex 0}
    }
}

# Runs a place with every object and every action; the cases in which something was wrong. The last line that is printed says in
# which case the process has died.
proc run {place script} {
    set found {}
    foreach object [objects_of $script] {
        dict for {action does} $::actions {
            if {[is_fatal $place $action]} {
                continue
            }
            puts "$place, $object, $action"
            set child [child $object $does]
            uplevel 1 [list try_place $child $script]
            set wrong [wrong $child]
            if {$wrong ne ""} {
                lappend found "$place, $object, $action: $wrong"
            }
        }
    }
    catch {interp delete $child}
    return [join $found \n]
}

proc try_place {child script} {
    catch {$child eval $script}
}

check_locks callbacks "a trace, or a body, in the middle of every call that runs one" {
    set items [polyshm::ShareableList create ${prefix}list {{int 1} {str hello} none}]
    set many [polyshm::Semaphore create ${prefix}many -count 8] ;# more than a callback and its place take
    set mapped [maps]
    set found {}
    dict for {place script} $::places {
        set wrong [run $place $script]
        if {[maps] != $mapped} {
            append wrong "\n$place: [maps] mappings of $mapped"
        }
        if {$wrong ne ""} {
            lappend found [string trim $wrong]
        }
    }
    $items destroy
    $many destroy
    join $found \n
} {}

# ---- waits: the handler of a time limit runs in the parent, and reaches into the child that waits ----

# This is what the API says may wait, and a call that does, for as long as the handler needs.
set waits {
    polyshm_view::wait {$view wait 7 0 $seconds}
    polyshm_event::wait {$event wait $seconds}
    polyshm_lock::lock {$lock lock $seconds}
    polyshm_semaphore::acquire {$semaphore acquire $seconds}
    polyshm_segment::resize {$shm resize 8192}
    polyshm_segment_attach {polyshm::SharedMemory attach ${prefix}none -timeout $seconds}
    polyshm_list_attach {polyshm::ShareableList attach ${prefix}none -timeout $seconds}
    polyshm_lock_attach {polyshm::Lock attach ${prefix}none -timeout $seconds}
    polyshm_semaphore_attach {polyshm::Semaphore attach ${prefix}none -timeout $seconds}
    polyshm_event_attach {polyshm::Event attach ${prefix}none -timeout $seconds}
    with-lock {polyshm::with x $lock -timeout $seconds {}}
    with-semaphore {polyshm::with x $semaphore -timeout $seconds {}}
}

test wait-covered "there is a call of everything that may wait" -body {
    set waiting {}
    foreach row $polyshm::core::facts {
        lassign $row type fact word
        switch $fact {
            named {lappend waiting polyshm_${type}_attach}
            take {lappend waiting polyshm_${type}::$word}
        }
    }
    foreach file [glob [file join [file dirname [info script]] ../../../swig/api *.i]] {
        set channel [open $file]
        foreach {all call} [regexp -all -inline -line {^%polyshm_may_wait\(([^)]+)\)} [read $channel]] {
            lappend waiting $call
        }
        close $channel
    }
    lmap call $waiting {
        if {[dict exists $waits $call]} continue
        set call
    }
} -result {}

# This is what is wrong after the call has waited for so long, and its handler has done what the action does.
proc wait_once {name call does ends seconds} {
    global prefix
    set child [child [waits_on $call] $does]
    $child eval [list set seconds $seconds]
    set end [expr {[clock milliseconds] + 3}]
    if {[string match *resize $name]} { ;# somebody else is growing it, until the callback has run
        set ::holder [open "|flock /dev/shm/${prefix}a -c {echo held; exec cat}" r+]
        gets $::holder
        set end [expr {[clock milliseconds] + 3}]
    }
    set limit [list -seconds [expr {$end / 1000}] -milliseconds [expr {$end % 1000}]]
    $child limit time -granularity 1 {*}$limit -command [list apply {{child ends} {
        $child limit time -seconds {}
        catch {$child eval act}
        if {[info exists ::holder]} {
            close $::holder
            unset ::holder
        }
        if {$ends && [interp exists $child]} {
            $child limit time -seconds [expr {[clock seconds] - 1}] -command {}
        }
    }} $child $ends]
    catch {$child eval $call}
    if {[interp exists $child]} {
        $child limit time -seconds {} -command {}
    }
    set wrong [wrong $child]
    catch {interp delete $child}
    return $wrong
}

# This is what the call works on, by the name that the callback knows; a call that makes its object has the segment instead.
proc waits_on {call} {
    expr {[regexp {\$(view|event|lock|semaphore|shm)} $call all object] ? $object : "shm"}
}

check_locks wait-handlers "a handler in the middle of every wait, which then goes on or is over" {
    set items [polyshm::ShareableList create ${prefix}list {{int 1} {str hello} none}]
    set many [polyshm::Semaphore create ${prefix}many -count 1]
    $lock lock
    $many acquire
    set mapped [maps]
    set found {}
    dict for {name call} $::waits {
        dict for {action does} $::actions {
            if {$name eq "polyshm_segment::resize" && $action eq "wait"} {
                continue ;# that would wait for ever, for the one who ends when it has
            }
            foreach ends {0 1} {
                puts "$name, $action, [expr {$ends ? {is over} : {goes on}}]"
                # A busy machine may let the wait end before its handler runs: then there is more time.
                for {set seconds 0.01; set wrong [wait_once $name $call $does $ends $seconds]} \
                    {$wrong eq "the callback did not run" && $seconds < 5} {set seconds [expr {$seconds * 4}]} {
                    set wrong [wait_once $name $call $does $ends [expr {$seconds * 4}]]
                }
                if {$wrong ne ""} {
                    lappend found "$name, $action: $wrong"
                }
            }
        }
        if {[maps] != $mapped} {
            lappend found "$name: [maps] mappings of $mapped"
        }
    }
    $items destroy
    $many destroy
    join $found \n
} {}

end_tests
