-- Three hundred customers in an order that has nothing to do with when they signed up.
SELECT customer_id FROM customers ORDER BY md5(customer_id) LIMIT 300
