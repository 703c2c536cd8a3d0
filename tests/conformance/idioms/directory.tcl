# Another directory than /dev/shm: chosen once for the process, so all of it is one test.
source [file join [file dirname [info script]] support.tcl]

test directory "it is chosen once" -body {
    set directory /dev/shm/${prefix}d
    set found [polyshm::directory]
    foreach path [list dev/shm {} /dev/shm\0more /proc $directory] {
        lappend found [fails {polyshm::set_directory $path}]
    }
    lappend found [string match "set_directory: there is no $directory: make it*" [says {polyshm::set_directory $directory}]]
    shell "mkdir -m 700 $directory"
    polyshm::set_directory $directory
    lappend found [string equal [polyshm::directory] $directory]
    set shm [polyshm::SharedMemory create it -size 64]
    lappend found [llength [polyshm::segments]] [file size $directory/it]
    lappend found [fails {polyshm::set_directory /dev/shm}]
    polyshm::set_directory $directory
    $shm unlink
    $shm destroy
    shell "rmdir $directory"
    lappend found [string match "*there is no $directory*" [says {polyshm::SharedMemory create it}]]
} -result {/dev/shm {POLYSHM ARGUMENT} {POLYSHM ARGUMENT} {POLYSHM ARGUMENT} {POSIX EOPNOTSUPP} {POSIX ENOENT} 1 1 1 64 {POLYSHM ARGUMENT} 1}

end_tests
