# The polyglot tests' peer in Tcl: NAME write|read VALUESFILE.
package require polyshm

set stride 256

# `-0` is an integer, and as such 0: words of a float dtype become floats.
proc number {dtype word} {
    if {[string match float* $dtype] && [string is entier -strict $word]} {
        append word .0
    }
    return $word
}

# As C's %.17g writes it; Tcl's knows no NaN.
proc text {dtype number} {
    if {$number in {NaN Inf -Inf}} {
        return [string tolower $number]
    }
    if {[string match float* $dtype]} {
        return [format %.17g $number]
    }
    return $number
}

proc put {shm offset dtype words} {
    if {$dtype eq "bytes"} {
        $shm write $offset [binary decode hex [lindex $words 0]]
        return
    }
    polyshm::with view [$shm view $dtype -offset $offset -count [llength $words]] {
        $view assign [lmap word $words {number $dtype $word}]
    }
}

proc take {shm offset dtype words} {
    if {$dtype eq "bytes"} {
        return [binary encode hex [$shm read $offset [expr {[string length $words] / 2}]]]
    }
    polyshm::with view [$shm view $dtype -offset $offset -count [llength $words]] {
        return [lmap number [$view list] {text $dtype $number}]
    }
}

lassign $argv name verb file
set channel [open $file]
set lines [split [string trimright [read $channel] \n] \n]
close $channel
if {$verb eq "write"} {
    set shm [polyshm::SharedMemory create $name -size 65536]
} else {
    set shm [polyshm::SharedMemory attach $name -readonly 1]
}
set offset 0
foreach line $lines {
    set words [lassign $line dtype]
    if {$verb eq "write"} {
        put $shm $offset $dtype $words
    } else {
        puts "$dtype [take $shm $offset $dtype $words]"
    }
    incr offset $stride
}
$shm destroy
