# One segment, seen from two sides: bytes, typed views, and what errors look like.
package require polyshm

# Without a name it gets one, psm_ and eight digits. `with` closes it at the end, however the script ends.
polyshm::with shm [polyshm::SharedMemory create -size 4096] {

    # Another process would attach by the same name; here it is the same one.
    set other [polyshm::SharedMemory attach [$shm name] -readonly 1]

    $shm write 0 hello
    puts "read: [$other read 0 5], [$other size] bytes"

    # A view is a typed window: here 10 doubles from byte 64 on.
    set temperatures [$shm view float64 -offset 64 -count 10]
    $temperatures fill 20
    $temperatures assign {21.5 22.25} 3
    $temperatures set 9 [expr {[$temperatures get 3] + 1}]
    puts "values: [[$other view float64 -offset 64 -count 10] list]"

    set warm 0
    $temperatures each t {
        if {$t > 20} {incr warm}
    }
    puts "above 20: $warm of [$temperatures count]"

    # Misuse and failures of the system are told apart by their error codes.
    foreach script {
        {$other write 0 x}
        {$temperatures get 10}
        {[$shm view uint8] set 0 256}
        {polyshm::SharedMemory create [$shm name]}
    } {
        try $script trap {POLYSHM} {message options} {
            puts "polyshm says [lindex [dict get $options -errorcode] 1]"
        } trap {POSIX EEXIST} {} {
            puts "the system says that the name exists"
        }
    }

    # The name stays until somebody unlinks it.
    $shm unlink
    $other destroy
}

# output:
# read: hello, 4096 bytes
# values: 20.0 20.0 20.0 21.5 22.25 20.0 20.0 20.0 20.0 22.5
# above 20: 3 of 10
# polyshm says READONLY
# polyshm says INDEX
# polyshm says RANGE
# the system says that the name exists
