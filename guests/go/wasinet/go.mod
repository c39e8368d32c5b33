module timecraft/wasinet

go 1.21
