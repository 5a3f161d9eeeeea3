package com.pforte

import com.pforte.ffi.decideCase
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.io.path.readLines

/** The gate's shared cases, decided through this language's library, byte for byte as Rust decided them. */
class SharedCasesTest {
    @Test
    fun `a thousand cases are decided alike`() {
        val cases = Surroundings.cases.resolve("cases.jsonl").readLines()
        val decisions = Surroundings.cases.resolve("decisions.jsonl").readLines()
        assertEquals(1000, cases.size)
        assertEquals(1000, decisions.size)
        cases.zip(decisions).forEachIndexed { n, (case, decision) -> assertEquals(decision, decideCase(case), "case $n") }
        // The comparison would notice: another case has another answer.
        assertEquals(true, decisions.toSet().size > 100)
    }
}
