/** Where the corpus points: none of it may be read, written or called. */
export interface Targets {
  /** A file with a canary, and what must never come to be. */
  readonly secret: string;
  readonly written: string;
  /** host:port of a server that counts its callers. */
  readonly server: string;
}

/** SQL that wants more than its inputs, `orders` and `batch`. Each is refused wherever a spec may hold SQL. */
export function hostileSql({ secret, written, server }: Targets): readonly string[] {
  const quoted = secret.replaceAll("'", "''");
  return [
    ...readsOf(secret, quoted),
    ...systemTables,
    ...effects(written),
    ...network(server),
    ...disguises(secret, written),
    ...statements(secret, written),
  ];
}

function readsOf(secret: string, quoted: string): string[] {
  const functions = [
    ...['read_csv', 'read_csv_auto', 'sniff_csv', 'read_text', 'read_blob', 'glob', 'read_duckdb'],
    ...['read_json', 'read_json_auto', 'read_json_objects', 'read_ndjson', 'read_ndjson_objects'],
    ...['read_parquet', 'parquet_scan', 'parquet_metadata', 'parquet_schema', 'parquet_kv_metadata'],
    ...['parquet_file_metadata', 'parquet_full_metadata', 'read_xlsx', 'st_read', 'sqlite_scan'],
  ];
  return [
    ...functions.map((name) => `SELECT * FROM ${name}('${quoted}')`),
    `SELECT * FROM '${quoted}'`,
    `SELECT * FROM "${secret}"`,
    `FROM '${quoted}'`,
    `SELECT * FROM orders, '${quoted}'`,
    `SELECT (SELECT content FROM read_text('${quoted}')) AS x`,
    `SELECT * FROM orders WHERE id IN (SELECT length(content) FROM read_text('${quoted}'))`,
    `SELECT * FROM query('SELECT * FROM read_text(''${quoted}'')')`,
    `SELECT * FROM query_table('${quoted}')`,
    `SELECT * FROM query_table(['orders', '${quoted}'])`,
    `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''${quoted}'')'))`,
    "SELECT * FROM glob('/proc/*/environ')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT getenv('HOME')",
  ];
}

const systemTables = [
  'SELECT * FROM duckdb_settings()',
  'SELECT * FROM duckdb_settings',
  'SELECT * FROM duckdb_secrets()',
  'SELECT * FROM duckdb_extensions()',
  'SELECT * FROM duckdb_databases()',
  'SELECT * FROM duckdb_tables',
  'SELECT * FROM duckdb_temporary_files()',
  'SELECT * FROM duckdb_logs',
  'SELECT * FROM duckdb_functions()',
  'SELECT * FROM pragma_database_list',
  "SELECT * FROM pragma_storage_info('orders')",
  'SELECT * FROM sqlite_master',
  'SELECT * FROM information_schema.tables',
  'SELECT * FROM pg_catalog.pg_class',
  'SELECT * FROM system.main.duckdb_settings',
  "SELECT current_setting('allowed_directories')",
  "SELECT getvariable('x')",
  "SELECT * FROM which_secret('s3://bucket', 's3')",
  "SELECT * FROM sql_auto_complete('SEL')",
  'WITH duckdb_settings AS (FROM duckdb_settings) FROM duckdb_settings',
  'WITH a AS (FROM duckdb_settings), duckdb_settings AS (SELECT 1 AS x) FROM a',
  'SELECT * FROM (WITH duckdb_settings AS (SELECT 1 AS x) FROM duckdb_settings), duckdb_settings',
];

/** Functions that act. The second one would end the whole process as soon as DuckDB binds it. */
function effects(written: string): string[] {
  return [
    'SELECT * FROM enable_logging()',
    `SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '${written}')`,
    'SELECT * FROM disable_logging()',
    'SELECT * FROM truncate_duckdb_logs()',
    `SELECT * FROM enable_profiling(save_location = '${written}.txt')`,
    'SELECT * FROM disable_profiling()',
    'SELECT * FROM enable_peg_parser()',
    'SELECT * FROM checkpoint()',
    'SELECT * FROM force_checkpoint()',
    "SELECT write_log('x')",
    "SELECT system.main.WRITE_LOG('x')",
    'SELECT sleep_ms(600000)',
    'SELECT pg_sleep(600)',
    'SELECT __internal_decompress_string(1::HUGEINT)',
    'SELECT * FROM arrow_scan(1, 2, 3)',
    "SELECT * FROM seq_scan('orders')",
    'SELECT * FROM test_vector_types(NULL::INTEGER)',
  ];
}

function network(server: string): string[] {
  return [
    `SELECT * FROM read_csv('http://${server}/x.csv')`,
    `SELECT * FROM 'http://${server}/x.csv'`,
    `SELECT * FROM read_parquet('https://${server}/x.parquet')`,
    `SELECT * FROM read_text('s3://bucket/key?endpoint=${server}')`,
    "SELECT * FROM 's3://bucket/key.parquet'",
    "SELECT * FROM read_parquet('hf://datasets/a/b.parquet')",
    "SELECT * FROM read_csv('gcs://bucket/key')",
    `SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 'tokens')`,
    `ATTACH 'postgres://${server}/x' AS p (TYPE postgres)`,
    `ATTACH 'http://${server}/x.db'`,
  ];
}

function disguises(secret: string, written: string): string[] {
  return [
    `SELECT 1; COPY (SELECT 1) TO '${written}'`,
    `SELECT 1 --\n; COPY (SELECT 1) TO '${written}'`,
    `SELECT 1 /* ; */ ; ATTACH '${written}'`,
    `SELECT/**/*/**/FROM/**/read_text/**/('${secret}')`,
    `sElEcT * fRoM ReAd_TeXt('${secret}')`,
    `SELECT * FROM "read_text"('${secret}')`,
    `SELECT * FROM main.read_text('${secret}')`,
    `SELECT * FROM system.main.read_text('${secret}')`,
    `WITH x AS (COPY orders TO '${written}') SELECT 1`,
    'WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x',
    'WITH x AS (INSERT INTO orders VALUES (9) RETURNING *) SELECT * FROM x',
    `WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c, read_text('${secret}')) FROM c`,
    `SELECT * FROM orders UNION ALL SELECT size FROM read_text('${secret}')`,
    `SELECT list_transform([1], x -> (SELECT size FROM read_text('${secret}')))`,
    `SELECT * FROM orders, LATERAL (SELECT * FROM read_text('${secret}'))`,
    `SELECT * FROM orders ORDER BY (SELECT size FROM read_text('${secret}'))`,
    `SELECT * FROM (PIVOT (FROM read_text('${secret}')) ON size IN (1) USING count(*))`,
    `SELECT U&"\\0041" FROM read_text('${secret}')`,
    `.read ${secret}`,
    '\\! id',
  ];
}

function statements(secret: string, written: string): string[] {
  return [
    `COPY (SELECT 1) TO '${written}'`,
    `COPY orders FROM '${secret}'`,
    `COPY (SELECT 1) TO '/dev/stdout'`,
    `EXPORT DATABASE '${written}'`,
    `IMPORT DATABASE '${written}'`,
    `ATTACH '${written}'`,
    'DETACH memory',
    'USE temp',
    'INSTALL httpfs',
    'FORCE INSTALL httpfs',
    `LOAD '${secret}'`,
    'SET enable_external_access = true',
    'SET GLOBAL allowed_directories = []',
    'RESET lock_configuration',
    'SET VARIABLE x = 1',
    'PRAGMA enable_profiling',
    'PRAGMA database_list',
    'CALL enable_logging()',
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    'CREATE TABLE t AS SELECT 1',
    'CREATE MACRO read_text(x) AS 1',
    'DROP VIEW orders',
    'ALTER VIEW orders RENAME TO other',
    'INSERT INTO orders VALUES (1)',
    'UPDATE orders SET id = 1',
    'EXPLAIN SELECT 1',
    'EXPLAIN ANALYZE SELECT 1',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'BEGIN',
    'VACUUM',
    'CHECKPOINT',
    'DESCRIBE orders',
    'SUMMARIZE orders',
    'SHOW ALL TABLES',
    'SELECT $1',
    '',
    ';',
    '-- nothing',
  ];
}
