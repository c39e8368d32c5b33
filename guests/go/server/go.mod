module server

go 1.21

require timecraft/wasinet v0.0.0

replace timecraft/wasinet => ../wasinet
