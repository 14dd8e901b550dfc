/** The few SQL expressions of this room. `column` is always c0, c1, ... or an expression from here, never a name. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'

/** What a column of a file can serve as: `moment` as text only, `other` as nothing. */
export type ColumnKind = 'text' | 'whole' | 'fraction' | 'boolean' | 'moment' | 'other'

const kinds: Partial<Record<DuckDBTypeId, ColumnKind>> = {
  [DuckDBTypeId.VARCHAR]: 'text',
  [DuckDBTypeId.ENUM]: 'text',
  [DuckDBTypeId.UUID]: 'moment',
  [DuckDBTypeId.BOOLEAN]: 'boolean',
  [DuckDBTypeId.TINYINT]: 'whole',
  [DuckDBTypeId.SMALLINT]: 'whole',
  [DuckDBTypeId.INTEGER]: 'whole',
  [DuckDBTypeId.BIGINT]: 'whole',
  [DuckDBTypeId.HUGEINT]: 'whole',
  [DuckDBTypeId.UTINYINT]: 'whole',
  [DuckDBTypeId.USMALLINT]: 'whole',
  [DuckDBTypeId.UINTEGER]: 'whole',
  [DuckDBTypeId.UBIGINT]: 'whole',
  [DuckDBTypeId.UHUGEINT]: 'whole',
  [DuckDBTypeId.FLOAT]: 'fraction',
  [DuckDBTypeId.DOUBLE]: 'fraction',
  [DuckDBTypeId.DECIMAL]: 'fraction',
  [DuckDBTypeId.DATE]: 'moment',
  [DuckDBTypeId.TIME]: 'moment',
  [DuckDBTypeId.TIME_TZ]: 'moment',
  [DuckDBTypeId.TIMESTAMP]: 'moment',
  [DuckDBTypeId.TIMESTAMP_S]: 'moment',
  [DuckDBTypeId.TIMESTAMP_MS]: 'moment',
  [DuckDBTypeId.TIMESTAMP_NS]: 'moment',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'moment',
}

export function columnKind(type: DuckDBType): ColumnKind {
  return kinds[type.typeId] ?? 'other'
}

/** The value of a Parquet cell, NULL where it is missing. NaN stays; `numberOf` says what it means. */
export function presentOrNull(column: string, kind: ColumnKind, markers: readonly string[]): string {
  if (kind !== 'text') return column
  const texts = ['', ...markers].map((marker) => `'${marker}'`).join(', ')
  return `CASE WHEN ${column} IN (${texts}) THEN NULL ELSE ${column} END`
}

/**
 * A DOUBLE: NULL where the cell is missing, infinite where it is not a number. NaN is `nan` in text, which is not a
 * number, and a missing value in a column of fractions, as pandas and NumPy write it. DuckDB's cast differs from
 * `parseNumber` in text.ts by 1_000 and +-5, which it reads, and by nan and inf; a test compares the two. The sum of two
 * terms, not one CASE, because a CASE with a cast in a branch takes twice the time.
 */
export function numberOf(column: string, kind: ColumnKind): string {
  if (kind !== 'text') return `${column}::DOUBLE`
  return `coalesce(try_cast(${column} AS DOUBLE), 'inf'::DOUBLE)
    + CASE WHEN contains(${column}, '_') OR contains(${column}, '+-') THEN 'inf'::DOUBLE
      WHEN ${column} IS NULL THEN NULL ELSE 0 END`
}

/** A VARCHAR, NULL where the cell is missing; a whole number reads the same whether stored as 1 or 1.0. */
export function textOf(column: string, kind: ColumnKind): string {
  if (kind !== 'fraction') return `${column}::VARCHAR`
  const value = `${column}::DOUBLE`
  return `CASE WHEN isnan(${value}) THEN NULL
    WHEN ${value} = trunc(${value}) AND abs(${value}) < 1e15 THEN (${value})::BIGINT::VARCHAR
    ELSE (${column})::VARCHAR END`
}
