package kernel

//go:noescape
func tileNEON(t *tile)
