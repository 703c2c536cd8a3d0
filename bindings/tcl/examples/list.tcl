# A list of things of several kinds, changed by a second process, and what CPython would see of it.
package require polyshm

proc child {name} {
    polyshm::with l [polyshm::ShareableList attach $name] {
        $l set 0 [expr {[$l get 0] + 1}]
        $l set 1 "changed by the child"
        $l set 3 float 21.5
    }
}

proc main {} {
    # Every item says its kind; 32 bytes for each text, so that it can grow.
    polyshm::with l [polyshm::ShareableList create {{int 41} {str hello} {bool 1} none} -reserve 32] {
        puts "before: [$l items]"
        exec [info nameofexecutable] [info script] [$l name]
        puts "after: [$l items]"
        puts "the last item is [$l get -1], a [$l kind -1]"

        try {
            $l set 0 "no number"
        } trap {POLYSHM TYPE} {message} {
            puts "refused: $message"
        }
        try {
            $l set 1 [string repeat x 33]
        } trap {POLYSHM RANGE} {message} {
            puts "refused: [regsub {^set "[^"]*": } $message {}]"
        }

        puts "for CPython: [$l format]"
        $l unlink
    }
}

if {[llength $argv]} {
    child {*}$argv
} else {
    main
}

# output:
# before: {int 41} {str hello} {bool 1} none
# after: {int 42} {str {changed by the child}} {bool 1} {float 21.5}
# the last item is 21.5, a float
# refused: int "no number" is no integer
# refused: item 1: text of 33 bytes exceeds available storage: its slot has 32
# for CPython: q32sxxxxxxx?d
