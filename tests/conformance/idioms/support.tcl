# This is what the files here share, which source it: constraints, names of this process's own, tests with objects to begin with, helpers,
# and the end, which checks that nothing is left.
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

# Whether a script takes from $least to less than $most milliseconds.
proc takes {least most script} {
    set start [clock milliseconds]
    uplevel 1 $script
    set took [expr {[clock milliseconds] - $start}]
    expr {$took >= $least && $took < $most}
}

# A child interpreter that has ::lock, on the same lock.
proc child_with_lock {} {
    set child [interp create]
    $child eval [list set name ${::prefix}l]
    $child eval {
        package require polyshm
        set lock [polyshm::Lock attach $name]
    }
    return $child
}

# The last command of a file: nothing may have failed or be left.
proc end_tests {} {
    set failed [expr {$::tcltest::numTests(Failed) || !$::tcltest::numTests(Passed) || [names] || [objects]}]
    ::tcltest::cleanupTests
    exit $failed
}
