# The package in Tcl: what it exports, loading it again, in a safe interpreter and in several threads.
source [file join [file dirname [info script]] support.tcl]

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

check_locks threads-end "a thread that ends while it owns a lock is dead for it, also where its interpreter is not deleted" thread {
    set lock2 [polyshm::Lock attach ${prefix}l]
    thread::errorproc ::ignored
    proc ::ignored {args} {}
    set found {}
    foreach {end then} {
        {$lock lock; say_so; thread::wait} {thread::release $thread}
        {$lock lock; say_so} {}
        {$lock lock; say_so; thread::exit} {}
        {$lock lock; say_so; error oops} {}
        {polyshm::with outcome $lock {say_so; thread::exit}} {}
    } {
        set thread [thread::create [string map [list NAME [list ${prefix}l] MAIN [thread::id] END $end] {
            package require polyshm
            set lock [polyshm::Lock attach NAME]
            proc say_so {} {
                thread::send MAIN {set ::ready 1}
            }
            END
        }]]
        vwait ::ready
        eval $then
        lappend found [$lock lock 30]
        $lock repaired
        $lock unlock
    }
    # Nobody has left anything behind that keeps a third one out.
    lappend found [$lock2 lock 0]
    $lock2 destroy
    rename ::ignored {}
    unset ::ready
    set found
} {recovered recovered recovered recovered recovered locked}

check package "the version, and the package's names: the classes whose objects have one, and the calls" {
    set child [interp create]
    set found [$child eval {
        package require polyshm
        set named [lmap row [lsearch -all -inline -index 1 $polyshm::core::facts named] {lindex $row 0}]
        set classes [lmap row [lsearch -all -inline -index 1 $polyshm::core::facts class] {
            if {[lindex $row 0] ni $named} continue
            lindex $row 2
        }]
        list [string equal [package require polyshm] [polyshm::version]] [expr {"Lock" in $classes}] \
            [lmap name [lsort [namespace eval ::polyshm {namespace export}]] {
                if {$name in $classes} continue
                set name
            }]
    }]
    interp delete $child
    set found
} {1 1 {directory page_size segments set_directory version with}}

end_tests
