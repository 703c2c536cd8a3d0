# The polyglot tests' peer in Tcl: NAME write|read|write-list|read-list VALUESFILE.
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

proc lines {file} {
    set channel [open $file]
    set lines [split [string trimright [read $channel] \n] \n]
    close $channel
    return $lines
}

proc segment {name verb file} {
    global stride
    if {$verb eq "write"} {
        set shm [polyshm::SharedMemory create $name -size 65536]
    } else {
        set shm [polyshm::SharedMemory attach $name -readonly 1]
    }
    set offset 0
    foreach line [lines $file] {
        set words [lassign $line dtype]
        if {$verb eq "write"} {
            put $shm $offset $dtype $words
        } else {
            puts "$dtype [take $shm $offset $dtype $words]"
        }
        incr offset $stride
    }
    $shm destroy
}

# ---- lists: `kind value` a line, text and bytes in hex ----

proc item {line} {
    lassign $line kind word
    switch $kind {
        str {return [list str [encoding convertfrom utf-8 [binary decode hex $word]]]}
        bytes {return [list bytes [binary decode hex $word]]}
        float {return [list float [number float64 $word]]}
        default {return $line}
    }
}

proc line {item} {
    lassign $item kind value
    switch $kind {
        str {set word [binary encode hex [encoding convertto utf-8 $value]]}
        bytes {set word [binary encode hex $value]}
        float {set word [text float64 $value]}
        default {set word $value}
    }
    string trimright "$kind $word"
}

proc write_list {name file} {
    [polyshm::ShareableList create $name [lmap line [lines $file] {item $line}]] destroy
}

proc read_list {name} {
    polyshm::with l [polyshm::ShareableList attach $name -readonly 1] {
        foreach item [$l items] {
            puts [line $item]
        }
    }
}

lassign $argv name verb file
switch $verb {
    write-list {write_list $name $file}
    read-list {read_list $name}
    default {segment $name $verb $file}
}
