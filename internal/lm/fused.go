package lm

// splitRows deals rows of queries, keys and values side by side out to q (rows, dim), k and v (rows, kv).
func splitRows(q, k, v, qkv []float32, rows, dim, kv int) {
	for r := range rows {
		row := qkv[r*(dim+2*kv):]
		copy(q[r*dim:(r+1)*dim], row)
		copy(k[r*kv:(r+1)*kv], row[dim:])
		copy(v[r*kv:(r+1)*kv], row[dim+kv:])
	}
}

// joinRows is the reverse of splitRows.
func joinRows(qkv, q, k, v []float32, rows, dim, kv int) {
	for r := range rows {
		row := qkv[r*(dim+2*kv):]
		copy(row, q[r*dim:(r+1)*dim])
		copy(row[dim:], k[r*kv:(r+1)*kv])
		copy(row[dim+kv:], v[r*kv:(r+1)*kv])
	}
}
